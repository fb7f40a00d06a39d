public import Booking
public import EventLoop

/// A provider for trying out: the card's number decides what becomes of a charge, and a memory that all processes share
/// says so for ever.
public final class SimulatedGateway: PaymentGateway {
    /// How it behaves.
    public struct Behaviour: Sendable {
        /// How long each charge takes.
        public var delay = Duration.zero
        /// When the callback for a late answer is called; never, when it is `nil`, and lookups say pending.
        public var callback: Duration? = .milliseconds(1000)

        /// The usual.
        public init() {}
    }

    /// A message that the provider sends of its own accord.
    public struct Callback: Sendable {
        /// The attempt.
        public let key: PaymentID
        /// The provider's name for the charge.
        public let transactionID: String
        /// What was charged.
        public let charge: SimulatedCharge
    }

    /// Names the provider.
    public let name = "simulated"
    /// Calls the callback; true when it was acknowledged. Set by who serves it.
    public var call: (Callback) async -> Bool = { _ in false }

    private let loop: EventLoop
    private let ledger: any SimulatedLedger
    private let behaviour: Behaviour
    private let clock: () -> Int64

    /// How often a callback is tried; the pauses double from a second.
    private static let callLimit = 6

    /// A simulated provider.
    ///
    /// - Parameter clock: Unix milliseconds.
    public init(
        loop: EventLoop, ledger: any SimulatedLedger, behaviour: Behaviour, clock: @escaping () -> Int64
    ) {
        self.loop = loop
        self.ledger = ledger
        self.behaviour = behaviour
        self.clock = clock
    }

    /// Answers by the card's number; unknown ones are declined.
    public func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans, trace: String
    ) async -> ChargeAnswer {
        let wanted = SimulatedCharge(booking: booking, amount: amount, currency: currency, outcome: outcome(means))
        // What is not remembered was not charged: nobody would ever be told of it.
        guard let charge = await ledger.record(wanted, key: key) else { return .unknown }
        if behaviour.delay > .zero { await loop.sleep(for: behaviour.delay) }
        if means.secret == Self.brokenCard { return .unknown }
        switch charge.outcome {
        case .succeeded: return .succeeded(transactionID: Self.transaction(key))
        case .declined(let code): return .declined(code: code)
        case .later:
            callBack(key, charge)
            return .pending
        }
    }

    /// What the memory says.
    public func lookup(key: PaymentID, trace: String) async -> LookupAnswer {
        let found: SimulatedCharge?
        do { found = try await ledger.charge(key: key) } catch { return .unknown }
        guard let charge = found else { return .notFound }
        switch charge.outcome {
        case .declined(let code): return .declined(code: code)
        case .later where !charge.isTaken(at: clock()): return .pending
        case .succeeded, .later:
            return .succeeded(
                transactionID: Self.transaction(key), amount: charge.amount, currency: charge.currency)
        }
    }

    /// Done for what this provider took, up to that; refused for a transaction that it never made, which a signed callback
    /// may have told of: nobody would get that money.
    public func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String, trace: String
    ) async -> RefundAnswer {
        do {
            guard let charge = try await ledger.charge(key: key), charge.isTaken(at: clock()),
                transactionID == Self.transaction(key)
            else { return .refused(code: "unknown_transaction") }
            guard to <= charge.amount, currency == charge.currency else { return .refused(code: "more_than_taken") }
            try await ledger.refund(key: key, from: from, to: to)
        } catch {
            return .unknown
        }
        return .refunded
    }

    private static let brokenCard = "4000000000000119"

    private static func transaction(_ key: PaymentID) -> String { "sim_\(key)" }

    private func outcome(_ means: PaymentMeans) -> SimulatedCharge.Outcome {
        switch means.secret {
        // The provider that fails to answer has taken the money: what has to be found out by asking.
        case "4242424242424242", Self.brokenCard: .succeeded
        case "4000000000009995": .declined(code: "insufficient_funds")
        case "4000000000000077": .later(behaviour.callback.map { clock() + $0.milliseconds })
        default: .declined(code: "generic_decline")
        }
    }

    /// Tells whoever serves the callback, again and again until it is acknowledged. Should this process end before, a
    /// lookup tells the same.
    private func callBack(_ key: PaymentID, _ charge: SimulatedCharge) {
        guard let wait = behaviour.callback else { return }
        let callback = Callback(key: key, transactionID: Self.transaction(key), charge: charge)
        loop.spawn { [loop, weak self] in
            await loop.sleep(for: wait)
            var pause = Duration.seconds(1)
            for _ in 0..<Self.callLimit {
                guard let self else { return }
                if await call(callback) { return }
                await loop.sleep(for: pause)
                pause *= 2
            }
        }
    }
}
