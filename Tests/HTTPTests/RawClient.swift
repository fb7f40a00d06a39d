import Glibc
import Support

/// A client that sends raw bytes on one connection to the loopback interface. It blocks its thread for at most 30 s, so
/// that a hanging server fails the test instead of stalling it.
// SAFETY of @unchecked: one thread reads; another may send at the same time, which changes no state here.
final class RawClient: @unchecked Sendable {
    private let descriptor: Int32
    private var received: [UInt8] = []

    /// - Parameter receiveBytes: size of the receive buffer; `nil` for the system's default.
    init(port: Int, receiveBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SupportError("no socket: errno \(errno)") }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        if var receiveBytes { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBytes, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        // `deinit` closes the descriptor, also when an initialiser throws this late. Closing it here too could close a
        // descriptor that has been reused.
        guard connected else { throw SupportError("no server listens on port \(port)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        guard trySend(bytes) else { throw SupportError("the server closed the connection during a send") }
    }

    /// False if the server has closed the connection.
    @discardableResult
    func trySend(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Sends as much as fits into the system's buffers and returns how much that was.
    func sendWhatFits(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    /// Makes the connection end with a reset.
    func resetAtEnd() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Shuts down the sending side.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Whether data or the end of the stream becomes readable within `milliseconds`.
    func isReadable(within milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !received.isEmpty || poll(&wait, 1, milliseconds) > 0
    }

    /// Reads the next answer.
    ///
    /// - Parameter isHead: whether the request was HEAD, so that the answer has no body.
    func answer(isHead: Bool = false) throws -> RawAnswer {
        while true {
            if let (answer, count) = try RawAnswer.parse(received, isHead: isHead, isEnd: false) {
                received.removeFirst(count)
                return answer
            }
            guard try fill() else {
                guard let (answer, count) = try RawAnswer.parse(received, isHead: isHead, isEnd: true) else {
                    throw SupportError("the connection ended before the answer, after \(received.count) bytes")
                }
                received.removeFirst(count)
                return answer
            }
        }
    }

    /// Reads all answers until the server closes the connection.
    func answersToEnd() throws -> [RawAnswer] {
        while try fill() {}
        var answers: [RawAnswer] = []
        while !received.isEmpty {
            guard let (answer, count) = try RawAnswer.parse(received, isHead: false, isEnd: true) else {
                throw SupportError("incomplete answer: \(String(decoding: received.prefix(200), as: UTF8.self))")
            }
            received.removeFirst(count)
            answers.append(answer)
        }
        return answers
    }

    /// Reads until `text` has arrived.
    func read(until text: String) throws -> String {
        while true {
            if let range = received.firstRange(of: Array(text.utf8)) {
                defer { received.removeFirst(range.upperBound) }
                return String(decoding: received[..<range.upperBound], as: UTF8.self)
            }
            guard try fill() else {
                throw SupportError("the connection ended: \(String(decoding: received, as: UTF8.self))")
            }
        }
    }

    /// Reads until the server closes the connection; a reset counts as an end.
    func rest() -> [UInt8] {
        while (try? fill()) == true {}
        return received
    }

    /// Waits for more input; false at the end.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count >= 0 else { throw SupportError("nothing received: errno \(errno)") }
        received += chunk[..<count]
        return count > 0
    }
}
