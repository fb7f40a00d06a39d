import Glibc
import Synchronization

/// Resolves a host's addresses on a separate thread, because resolving may block for seconds.
final class AddressResolver: Sendable {
    private let host: String
    private let port: UInt16
    private let addresses = Mutex<[SocketAddress]?>(nil)

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// The addresses, empty if there are none; nil until resolved.
    var result: [SocketAddress]? { addresses.withLock { $0 } }

    /// Starts the thread. The corresponding C function is `pthread_create`.
    func start() {
        var thread = pthread_t()
        let this = unsafe Unmanaged.passRetained(self)
        let failed = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<AddressResolver>.fromOpaque(argument).takeRetainedValue().resolve()
                return nil
            }, this.toOpaque())
        if failed == 0 {
            pthread_detach(thread)
        } else {
            unsafe this.release()
            finish([])
        }
    }

    private func resolve() {
        finish(SocketAddress.resolve(host: host, port: port, numericOnly: false))
    }

    private func finish(_ found: [SocketAddress]) {
        addresses.withLock { $0 = found }
    }
}
