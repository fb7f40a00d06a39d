import Glibc
import Synchronization

/// A port without a listener; each call returns another one.
///
/// It is below the range of ephemeral ports (usually 32768 and up): one of those could be in use for an outgoing
/// connection by the time a server binds it.
package func freePort() throws -> UInt16 {
    for _ in 0..<100 {
        let port = UInt16(10_240 + ports.add(1, ordering: .relaxed).oldValue % 22_000)
        guard let descriptor = listenLoopback(port: port) else { continue }
        close(descriptor)
        return port
    }
    throw SupportError("no free port")
}

private let ports = Atomic<Int>(Int.random(in: 0..<22_000))

/// The first bytes, at most 512, of a loopback server's answer to `request` within a second.
package func ask(port: UInt16, _ request: String) -> String? {
    guard let descriptor = connectLoopback(port: port, timeoutSeconds: 1) else { return nil }
    defer { close(descriptor) }
    let bytes = Array(request.utf8)
    guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
    var answer = [UInt8](repeating: 0, count: 512)
    let count = recv(descriptor, &answer, answer.count, 0)
    return count > 0 ? String(decoding: answer[..<count], as: UTF8.self) : nil
}

/// A blocking socket connected to a port of the loopback interface; the caller closes it.
///
/// - Parameter receiveBytes: the size of the socket's receive buffer; `nil` for the system's default.
///
/// - Parameter from: the loopback address to connect from; by default the system chooses it.
package func connectLoopback(
    port: UInt16, timeoutSeconds: Int, receiveBytes: Int32? = nil, from: String? = nil
) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    if var receiveBytes { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBytes, 4) }
    if let from {
        var own = loopback(port: 0)
        inet_pton(AF_INET, from, &own.sin_addr)
        let bound = withUnsafePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard bound else {
            close(descriptor)
            return nil
        }
    }
    var address = loopback(port: port)
    let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard connected else {
        close(descriptor)
        return nil
    }
    return descriptor
}

/// A socket that listens on a port of the loopback interface; nil if the port is taken. The caller closes it.
package func listenLoopback(port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = loopback(port: port)
    let listens = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 128) == 0
        }
    }
    guard listens else {
        close(descriptor)
        return nil
    }
    return descriptor
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

/// The number of this process's sockets connected to a port of the loopback interface.
package func sockets(to port: UInt16) -> Int {
    openDescriptors().filter { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let known = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
        return known && address.sin_family == sa_family_t(AF_INET) && UInt16(bigEndian: address.sin_port) == port
    }.count
}
