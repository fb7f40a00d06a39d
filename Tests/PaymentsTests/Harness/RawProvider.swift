import Foundation
import Glibc
import Support
import Synchronization

/// A server that answers one request a connection with given bytes, resets the connection, or hangs.
final class RawProvider: Sendable {
    enum Reaction: Sendable {
        /// Sends these bytes and closes.
        case says(String)
        /// Resets the connection.
        case resets
        /// Does not answer until the test is over.
        case hangs
    }

    let port: UInt16
    private let listener: Int32
    private let reactions: Mutex<[Reaction]>
    private let received = Mutex<[String]>([])
    private let hanging = Mutex<[Int32]>([])

    /// Uses one reaction a request; further requests get the last reaction.
    init(_ reactions: [Reaction]) throws {
        self.reactions = Mutex(reactions)
        port = try freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let listens = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard listens, listen(listener, 64) == 0 else { throw SupportError("no listener: errno \(errno)") }
        Thread.detachNewThread { [self] in serve() }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Head and body of each request.
    var requests: [String] { received.withLock { $0 } }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        for descriptor in hanging.withLock({ $0 }) { close(descriptor) }
    }

    private func serve() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else {
                close(listener)
                return
            }
            let request = read(descriptor)
            received.withLock { $0.append(request) }
            react(reactions.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }, descriptor)
        }
    }

    private func react(_ reaction: Reaction, _ descriptor: Int32) {
        switch reaction {
        case .hangs: return hanging.withLock { $0.append(descriptor) }
        case .says(let text):
            let bytes = Array(text.utf8)
            _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        case .resets:
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        }
        close(descriptor)
    }

    private func read(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let head = text.range(of: "\r\n\r\n") {
                let length = text.lowercased().range(of: "content-length: ").flatMap { name in
                    Int(text[name.upperBound...].prefix { $0.isNumber })
                }
                if text[head.upperBound...].utf8.count >= length ?? 0 { return text }
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return text }
            bytes += chunk[..<count]
        }
    }
}

/// A raw HTTP response.
func raw(_ status: Int, _ body: String, length: Int? = nil, _ more: String = "") -> String {
    "HTTP/1.1 \(status) X\r\nContent-Length: \(length ?? body.utf8.count)\r\nConnection: close\r\n\(more)\r\n\(body)"
}
