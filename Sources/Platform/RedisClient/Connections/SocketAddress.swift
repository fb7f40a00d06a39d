import Glibc

/// The address of a stream socket: the bytes of a `sockaddr`.
struct SocketAddress: Sendable, Equatable {
    let family: Int32
    let bytes: [UInt8]

    /// The path of a unix socket; nil if it has more than 107 bytes.
    init?(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let characters = Array(path.utf8)
        guard characters.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: characters) }
        family = AF_UNIX
        bytes = unsafe withUnsafeBytes(of: &address) { unsafe [UInt8]($0) }
    }

    private init(_ info: addrinfo) {
        family = unsafe info.ai_family
        bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    }

    /// Resolves a host; returns no addresses on failure. The corresponding C function is `getaddrinfo`.
    ///
    /// - Parameter numericOnly: whether to accept only a numeric address; otherwise resolving may block for seconds.
    static func resolve(host: String, port: UInt16, numericOnly: Bool) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV | (numericOnly ? AI_NUMERICHOST : AI_ADDRCONFIG)
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next = unsafe first
        while let info = unsafe next {
            addresses.append(unsafe SocketAddress(info.pointee))
            unsafe next = info.pointee.ai_next
        }
        return addresses
    }
}
