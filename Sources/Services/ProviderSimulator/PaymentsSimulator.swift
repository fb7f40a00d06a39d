import Glibc
import HTTP
package import Loops
package import Payments

/// A simulated payment provider on its own port: charges test cards, stores charges, calls back, misbehaves on request.
/// Used on one loop.
package final class PaymentsSimulator {
    package struct Configuration: Sendable {
        /// The path of the ledger file.
        package var ledger: String
        /// The URL of callbacks and their signature; `nil` for no callbacks.
        package var callback: (url: String, signature: WebhookSignature)?
        /// The delay of everything late.
        package var lateTime = Duration.seconds(1)
        /// The faults.
        package var misbehaviours: Misbehaviours

        /// Creates a configuration without callbacks.
        package init(ledger: String, misbehaviours: Misbehaviours) {
            self.ledger = ledger
            self.misbehaviours = misbehaviours
        }
    }

    private let server: HTTPServer

    /// Opens the ledger, and resumes callbacks that were not acknowledged. Call on the loop's thread only.
    package init(loop: EventLoop, configuration: Configuration) throws(LedgerError) {
        let ledger = try Ledger(path: configuration.ledger)
        let sender = configuration.callback.map {
            CallbackSender(loop: loop, url: $0.url, signature: $0.signature, clock: unixMilliseconds)
        }
        sender?.onAcknowledged = { [weak ledger] in
            // If this fails, the callback is sent again after a restart.
            try? ledger?.book(.told($0.key))
        }
        let routes = ProviderRoutes(
            loop: loop, ledger: ledger, sender: sender, misbehaviours: configuration.misbehaviours,
            lateTime: configuration.lateTime, clock: unixMilliseconds)
        server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: routes.router())
        for charge in ledger.order.compactMap({ ledger.charges[$0] }) where !charge.isTold { sender?.announce(charge) }
    }

    /// Starts listening.
    ///
    /// - Parameter port: 0 for any.
    /// - Returns: the port.
    package func listen(host: String, port: Int) throws -> Int {
        try server.listen(host: host, port: port, reusePort: false)
    }

    /// Stops; cuts requests that do not end within a second.
    package func stop() async { await server.drain(within: .seconds(1)) }
}

private func unixMilliseconds() -> Int64 {
    var moment = timespec()
    clock_gettime(CLOCK_REALTIME, &moment)
    return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
}
