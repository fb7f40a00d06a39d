import Glibc

/// System calls on listening and connected TCP sockets; all descriptors are non-blocking and close-on-exec.
enum Socket {
    /// Why a socket cannot listen.
    struct Failure: Error {
        let message: String
    }

    /// Opens a listening socket, with `getaddrinfo`, `socket`, `bind` and `listen`.
    static func listen(host: String, port: Int, reusePort: Bool) throws(Failure) -> (descriptor: Int32, port: Int) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0, let first = unsafe list else {
            throw Failure(message: "\(host) is not an address of this machine")
        }
        defer { unsafe freeaddrinfo(first) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(first.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw Failure(message: "no socket: \(lastError())") }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        if reusePort { unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, 4) }
        guard unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
            Glibc.listen(descriptor, 4096) == 0
        else {
            let reason = errno == EADDRINUSE ? "the port is taken" : lastError()
            close(descriptor)
            throw Failure(message: "cannot listen on \(host):\(port): \(reason)")
        }
        return (descriptor, boundPort(descriptor))
    }

    private static func boundPort(_ descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        // The port has the same offset in an IPv6 address.
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// The result of an accept.
    enum Accepted {
        case connection(descriptor: Int32, peer: String)
        /// No connection is waiting.
        case none
        /// The process is out of descriptors or memory.
        case exhausted
    }

    /// Accepts one waiting connection, with `accept`.
    static func accept(_ listener: Int32) -> Accepted {
        while true {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = unsafe withSocketAddress(&address) { unsafe Glibc.accept(listener, $0, &length) }
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                var one: Int32 = 1
                unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
                return .connection(descriptor: descriptor, peer: text(&address, length))
            }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return .none
            default: return .exhausted
            }
        }
    }

    /// The address without the port, from `getnameinfo`.
    private static func text(_ address: inout sockaddr_storage, _ length: socklen_t) -> String {
        // Enough for the longest address with a zone.
        var text = [CChar](repeating: 0, count: 64)
        let count = socklen_t(text.count)
        let failed = unsafe withSocketAddress(&address) {
            unsafe getnameinfo($0, length, &text, count, nil, 0, NI_NUMERICHOST)
        }
        guard failed == 0 else { return "unknown" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @unsafe private static func withSocketAddress<Result>(
        _ storage: inout sockaddr_storage, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
    ) -> Result {
        unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
        }
    }

    /// Reads into `buffer` with `recv`: returns the number of bytes, 0 at the end, `nil` if nothing is available, -1 on
    /// an error.
    static func read(_ descriptor: Int32, into buffer: inout [UInt8]) -> Int? {
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return count }
            if errno == EAGAIN { return nil }
            if errno != EINTR { return -1 }
        }
    }

    /// Writes as much as the socket takes, with `send`: returns the number of bytes, or -1 on an error.
    @unsafe static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        while true {
            let count = unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { return -1 }
        }
    }

    /// Limits the kernel's send buffer (`SO_SNDBUF`) for a client that does not read; the kernel doubles the number and
    /// has a minimum.
    static func boundUnsent(_ descriptor: Int32, bytes: Int) {
        var size = Int32(clamping: bytes)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
    }

    private static func lastError() -> String { unsafe String(cString: strerror(errno)) }
}
