import Glibc

/// A non-blocking stream socket, closed on deinit.
struct StreamSocket: ~Copyable {
    let descriptor: Int32

    enum Transfer: Equatable {
        case bytes(Int)
        case wouldBlock
        case ended
        case failed(errno: Int32)
    }

    /// Seconds of silence before the kernel sends keep-alive probes, and between probes.
    private static let keepAliveSeconds: Int32 = 15

    /// Starts connecting; nil with `errno` set if that fails at once. The corresponding C function is `connect`.
    init?(connectingTo address: SocketAddress) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { return nil }
        if address.family != AF_UNIX {
            Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            Self.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
            Self.set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, Self.keepAliveSeconds)
            Self.set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, Self.keepAliveSeconds)
        }
        let result = unsafe address.bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return Int32(-1) }
            return unsafe connect(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard result == 0 || errno == EINPROGRESS else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The `errno` of a failed connection attempt, 0 on success. The corresponding C function is `getsockopt`.
    var connectError: Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno
    }

    /// Writes as much as the kernel takes, without SIGPIPE. The corresponding C function is `send`.
    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        unsafe result(Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
    }

    /// Reads available bytes. The corresponding C function is `recv`.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        unsafe result(recv(descriptor, buffer.baseAddress, buffer.count, 0))
    }

    /// Shuts down both directions; the next read reports the end. The corresponding C function is `shutdown`.
    func shutdown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func result(_ count: Int) -> Transfer {
        if count > 0 { return .bytes(count) }
        if count == 0 { return .ended }
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno: errno)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // Optional: the connection works without these options.
        _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
