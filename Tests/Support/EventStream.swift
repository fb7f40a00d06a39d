import Foundation
import Glibc

/// A client of server-sent events on its own connection (HTML, "Server-sent events"). It blocks its thread, for at most
/// 30 s; not `Sendable`.
package final class EventStream {
    package struct Message: Sendable {
        package let name: String
        package let id: Int64
        package let data: [UInt8]
    }

    package let status: Int
    /// Names are in lower case.
    package let headers: [String: String]
    /// The server's last `retry` field: the reconnection delay in milliseconds.
    package private(set) var retry: Int?
    /// Comments received so far.
    package private(set) var comments = 0
    /// Whether the response ended with its last chunk.
    package private(set) var isWhole = false
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private var text: [UInt8] = []

    /// Sends the request and waits for the response's head.
    ///
    /// - Parameters:
    /// - lastID: the id of the last event that the client has.
    /// - receiveBytes: the size of the socket's receive buffer; `nil` for the system's default.
    package init(port: UInt16, _ path: String, lastID: String? = nil, receiveBytes: Int32? = nil) throws {
        guard let made = connectLoopback(port: port, timeoutSeconds: 30, receiveBytes: receiveBytes) else {
            throw SupportError("no listener on port \(port)")
        }
        descriptor = made
        let last = lastID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        let request = Array("GET \(path) HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\(last)\r\n".utf8)
        _ = Glibc.send(made, request, request.count, Int32(MSG_NOSIGNAL))
        let end = Array("\r\n\r\n".utf8)
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while received.firstRange(of: end) == nil {
            let count = recv(made, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            received += chunk[..<count]
        }
        let head = received.firstRange(of: end).map { Array(received[..<$0.lowerBound]) } ?? received
        bytes = Array(received.dropFirst(head.count + end.count))
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        self.headers = headers
    }

    deinit { close(descriptor) }

    /// The next event; `nil` at the end of the stream.
    ///
    /// - Throws: if nothing arrives for 30 s.
    package func next() throws -> Message? {
        while true {
            if let end = text.firstRange(of: Array("\n\n".utf8)) {
                let block = String(decoding: text[..<end.lowerBound], as: UTF8.self)
                text.removeFirst(end.upperBound)
                if let message = read(block) { return message }
            } else if try !fill() {
                return nil
            }
        }
    }

    /// Reads events up to and including the first that satisfies `condition`.
    package func next(until condition: (Message) throws -> Bool) throws -> [Message] {
        var messages: [Message] = []
        while true {
            guard let message = try next() else { throw SupportError("the stream ended") }
            messages.append(message)
            if try condition(message) { return messages }
        }
    }

    /// Waits for the next chunk; returns false at the end.
    @discardableResult
    package func fill() throws -> Bool {
        while true {
            if let end = bytes.firstRange(of: Array("\r\n".utf8)),
                let size = Int(String(decoding: bytes[..<end.lowerBound], as: UTF8.self), radix: 16),
                bytes.count >= end.upperBound + size + 2
            {
                text += bytes[end.upperBound..<end.upperBound + size]
                bytes.removeFirst(end.upperBound + size + 2)
                isWhole = size == 0
                return size > 0
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN { throw SupportError("nothing arrived for 30 s") }
            guard count > 0 else { return false }
            bytes += chunk[..<count]
        }
    }

    private func read(_ block: String) -> Message? {
        var fields: [Substring: Substring] = [:]
        for line in block.split(separator: "\n") {
            if line.hasPrefix(":") {
                comments += 1
                continue
            }
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0]] = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
        }
        if let time = fields["retry"] { retry = Int(time) }
        guard let data = fields["data"], let name = fields["event"], let id = fields["id"].flatMap({ Int64($0) }) else {
            return nil
        }
        return Message(name: String(name), id: id, data: Array(data.utf8))
    }
}
