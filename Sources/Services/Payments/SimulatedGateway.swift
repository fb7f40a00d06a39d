package import BoxOffice
package import Loops

/// A simulated provider: the card number determines the outcome of a charge, and a ledger that all processes share
/// stores it.
package final class SimulatedGateway: PaymentGateway {
    /// Delays of the simulated provider.
    package struct Behaviour: Sendable {
        /// The duration of each charge.
        package var delay = Duration.zero
        /// The delay of callbacks for pending charges. If `nil`, there are no callbacks, and look-ups return pending.
        package var callback: Duration? = .milliseconds(1000)

        package init() {}
    }

    /// A callback of the provider.
    package struct Callback: Sendable {
        /// The attempt.
        package let key: PaymentID
        /// The provider's id of the charge.
        package let transactionID: String
        /// The charge.
        package let charge: SimulatedCharge
    }

    package let name = "simulated"
    /// Delivers a callback; returns whether it was acknowledged. Set by the API server.
    package var call: (Callback) async -> Bool = { _ in false }

    private let loop: EventLoop
    private let ledger: any SimulatedLedger
    private let behaviour: Behaviour
    private let clock: () -> Int64

    /// The most tries of a callback. The first pause is a second; each further pause doubles.
    private static let callLimit = 6

    /// - Parameter clock: Unix milliseconds.
    package init(
        loop: EventLoop, ledger: any SimulatedLedger, behaviour: Behaviour, clock: @escaping () -> Int64
    ) {
        self.loop = loop
        self.ledger = ledger
        self.behaviour = behaviour
        self.clock = clock
    }

    /// Charges according to the card number; unknown numbers are declined.
    package func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans, trace: String
    ) async -> ChargeAnswer {
        let wanted = SimulatedCharge(booking: booking, amount: amount, currency: currency, outcome: outcome(means))
        // A charge that is not stored did not happen, since no look-up could find it.
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

    /// Looks up the stored outcome of an attempt.
    package func lookup(key: PaymentID, trace: String) async -> LookupAnswer {
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

    /// Refunds up to the amount charged. Refuses unknown transactions, which a signed callback may name, since no money
    /// was charged for them.
    package func refund(
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
        // `brokenCard` charges the money but fails to respond, so that a look-up must find the outcome.
        case "4242424242424242", Self.brokenCard: .succeeded
        case "4000000000009995": .declined(code: "insufficient_funds")
        case "4000000000000077": .later(behaviour.callback.map { clock() + $0.milliseconds })
        default: .declined(code: "generic_decline")
        }
    }

    /// Delivers a callback, with retries until it is acknowledged. If this process ends before, a look-up returns the
    /// same outcome.
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
