public import EventLoop
import Glibc
import HTTPServer
public import Payments

/// A payment provider for trying out, on a port of its own: charges by test cards, remembers, calls back, misbehaves.
/// Lives on one loop.
public final class PaymentsSimulator {
    /// How it is set up.
    public struct Configuration: Sendable {
        /// Where its books are.
        public var ledger: String
        /// Where callbacks go, and who they are signed by; none without.
        public var callback: (url: String, signature: WebhookSignature)?
        /// How late is late.
        public var lateTime = Duration.seconds(1)
        /// What it does wrong.
        public var misbehaviours: Misbehaviours

        /// A well-behaved provider without callbacks.
        public init(ledger: String, misbehaviours: Misbehaviours) {
            self.ledger = ledger
            self.misbehaviours = misbehaviours
        }
    }

    private let server: HTTPServer

    /// Opens the books, and goes on telling of charges whose callbacks were not acknowledged. On the loop's thread only.
    public init(loop: EventLoop, configuration: Configuration) throws(LedgerError) {
        let ledger = try Ledger(path: configuration.ledger)
        let sender = configuration.callback.map {
            CallbackSender(loop: loop, url: $0.url, signature: $0.signature, clock: unixMilliseconds)
        }
        sender?.onAcknowledged = { [weak ledger] in
            // Should it be forgotten, it is told once more.
            try? ledger?.book(.told($0.key))
        }
        let routes = ProviderRoutes(
            loop: loop, ledger: ledger, sender: sender, misbehaviours: configuration.misbehaviours,
            lateTime: configuration.lateTime, clock: unixMilliseconds)
        server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: routes.router())
        for charge in ledger.order.compactMap({ ledger.charges[$0] }) where !charge.isTold { sender?.announce(charge) }
    }

    /// Begins to serve.
    ///
    /// - Parameter port: 0 for any.
    /// - Returns: the port.
    public func listen(host: String, port: Int) throws -> Int {
        try server.listen(host: host, port: port, reusePort: false)
    }

    /// Ends; requests that never end are cut.
    public func stop() async { await server.drain(within: .seconds(1)) }
}

private func unixMilliseconds() -> Int64 {
    var moment = timespec()
    clock_gettime(CLOCK_REALTIME, &moment)
    return Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
}
