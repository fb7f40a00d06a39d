import Foundation
import Glibc

/// An HTTP/1.1 client on one keep-alive connection to the loopback interface. It blocks its thread; not `Sendable`.
package final class HTTPClient {
    package struct Answer: Sendable {
        package let status: Int
        /// Names are in lower case.
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        /// The first header of this name, given in lower case.
        package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

        /// The body as text.
        package var text: String { String(decoding: body, as: UTF8.self) }

        /// The body as a JSON object; empty if it is not one.
        package var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }
    }

    private let port: UInt16
    private let patienceSeconds: Int
    private let from: String?
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []

    /// Creates a client of a port; it connects with the first request.
    ///
    /// - Parameters:
    /// - patienceSeconds: the longest wait for the server's next bytes.
    /// - from: the loopback address to connect from; by default the system chooses it.
    package init(port: UInt16, patienceSeconds: Int = 30, from: String? = nil) {
        self.port = port
        self.from = from
        self.patienceSeconds = patienceSeconds
    }

    deinit { disconnect() }

    /// Closes the connection; the next request opens another.
    package func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        buffer = []
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Throws: if there is no connection, or it ends before the whole answer; the request may have been served.
    package func send(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: String? = nil
    ) throws -> Answer {
        try write(method, path, headers: headers, body: body)
        do {
            return try readAnswer(hasBody: method != "HEAD")
        } catch {
            disconnect()
            throw error
        }
    }

    /// Sends a request; read the answer with `readAnswer`.
    package func write(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: String? = nil
    ) throws {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        try write(Array((head + "\r\n" + (body ?? "")).utf8))
    }

    /// Sends bytes as they are.
    package func write(_ bytes: [UInt8]) throws {
        if descriptor < 0 { try connect() }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else {
                disconnect()
                throw SupportError("the connection was lost while sending")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads one answer.
    package func readAnswer(hasBody: Bool = true) throws -> Answer {
        while true {
            let lines = try readHead().components(separatedBy: "\r\n")
            guard let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") else {
                throw SupportError("no status line: \(lines[0])")
            }
            let headers = lines.dropFirst().map { line in
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                return (
                    name: line[..<colon].lowercased(),
                    value: line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
                )
            }
            if status == 100 { continue }
            let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
            let isChunked = headers.contains { $0.name == "transfer-encoding" && $0.value == "chunked" }
            let body = hasBody ? try isChunked ? takeChunks() : take(length) : []
            if headers.contains(where: { $0.name == "connection" && $0.value == "close" }) { disconnect() }
            return Answer(status: status, headers: headers, body: body)
        }
    }

    private func readHead() throws -> String {
        let end = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            if let range = buffer.dropFirst(searched).firstRange(of: end) {
                let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
                buffer.removeFirst(range.upperBound)
                return head
            }
            searched = max(0, buffer.count - 3)
            try fill()
        }
    }

    private func takeChunks() throws -> [UInt8] {
        let lineEnd = Array("\r\n".utf8)
        var body: [UInt8] = []
        while true {
            while buffer.firstRange(of: lineEnd) == nil { try fill() }
            guard let range = buffer.firstRange(of: lineEnd),
                let size = Int(String(decoding: buffer[..<range.lowerBound], as: UTF8.self), radix: 16)
            else { throw SupportError("no chunk's size") }
            buffer.removeFirst(range.upperBound)
            body += try take(size)
            _ = try take(lineEnd.count)
            if size == 0 { return body }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw SupportError("the connection was lost before the answer") }
        buffer += chunk[..<count]
    }

    private func connect() throws {
        guard let made = connectLoopback(port: port, timeoutSeconds: patienceSeconds, from: from) else {
            throw SupportError("no listener on port \(port)")
        }
        descriptor = made
    }
}

/// Dedicated threads that run a body which may block. They start at once, even if the task pool is busy.
package struct RunningThreads: Sendable {
    private let done = DispatchGroup()

    package init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let done = done
        for index in 0..<count {
            done.enter()
            Thread.detachNewThread {
                body(index)
                done.leave()
            }
        }
    }

    /// Waits until all bodies have returned.
    package func join() async {
        await withUnsafeContinuation { continuation in
            done.notify(queue: .global()) { continuation.resume() }
        }
    }
}

/// Runs `body`, which may block, on `count` dedicated threads and waits for all of them.
package func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
    await RunningThreads(count, body).join()
}
