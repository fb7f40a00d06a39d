public import Booking
public import EventLoop

/// A provider for trying out: the card's number decides. The answer depends on nothing else, so that asking twice under
/// one key cannot charge twice.
public final class SimulatedGateway: PaymentGateway {
    /// Names the provider.
    public let name = "simulated"
    private let loop: EventLoop
    private let delay: Duration

    /// A simulated provider.
    ///
    /// - Parameter delay: how long each charge takes.
    public init(loop: EventLoop, delay: Duration) {
        self.loop = loop
        self.delay = delay
    }

    /// Answers by the card's number; unknown ones are declined.
    public func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans
    ) async -> ChargeAnswer {
        if delay > .zero { await loop.sleep(for: delay) }
        switch means.secret {
        case "4242424242424242": return .succeeded(transactionID: "sim_\(key)")
        case "4000000000000002": return .declined(code: "generic_decline")
        case "4000000000009995": return .declined(code: "insufficient_funds")
        case "4000000000000077": return .pending
        case "4000000000000119": return .unknown
        default: return .declined(code: "generic_decline")
        }
    }

    /// It remembers nothing.
    public func lookup(key: PaymentID) async -> LookupAnswer { .unknown }

    /// Always done.
    public func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String
    ) async -> RefundAnswer { .refunded }
}
