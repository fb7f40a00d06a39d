import Logging
import Loops
import Payments
import ProviderSimulator

/// `usher payments-sim`: a simulated payment provider.
struct PaymentsSim {
    static let help = """
        usher payments-sim [--port 9090] [--ledger FILE] [--callback URL] [--late-ms 1000]
                           [--misbehave NAME=PROBABILITY,…] [--seed NUMBER]

        A simulated payment provider; set USHER_PAYMENT_GATEWAY of serve and reconcile to its address.

        --port       the port on 127.0.0.1; 0 for any
        --ledger     its ledger file, a line a charge or refund, synced before it answers (payments-sim.ledger)
        --callback   the URL that receives the outcome of each charge, such as
                     http://127.0.0.1:8080/v1/payments/callback; signed with the first of USHER_WEBHOOK_SECRETS
        --late-ms    the delay of everything late
        --misbehave  faults and their probabilities, such as timeout=0.05,twice=0.1; at most one fault a request:
                       error, reset                does nothing, and answers 500 or resets the connection
                       error-after, reset-after    does the work, and answers 500 or resets the connection
                       timeout, slow               does the work, and answers never or late
                       delay                       charges late, even if the client has disconnected
                       later                       answers pending, charges and calls back late
                       twice                       calls back twice at the same time
                       disorder                    calls back success, then failure
                       wrong-amount                calls back with one minor unit too many
                       overcharge                  charges one minor unit too many
                       refuse-refund               refuses this refund
        --seed       the seed of the random generator

        POST /charges {key, bookingId, amount, currency, card | token}     200 succeeded or declined, 202 pending
        GET  /charges/{key}                                                200, 202, 404 charge-not-found
        POST /refunds {key, transactionId, from, to, currency}             200 refunded or refused
        GET  /ledger                                                       all charges
        PUT  /misbehaviours {misbehave, seed?}                             changes --misbehave and --seed

        Cards: 4242424242424242 or tok_succeeds; 4000000000009995 or tok_insufficient_funds; 4000000000000077 or
        tok_later; 4000000000000119 or tok_breaks (charges, answers 500); any other is declined.
        """

    private let settings: Settings
    private let options: Options

    init(_ settings: Settings, _ options: Options) {
        self.settings = settings
        self.options = options
    }

    // SAFETY of @unchecked: `simulator` is touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var simulator: PaymentsSimulator?
    }

    func run() async throws {
        let configuration = try configuration()
        let wanted = try number("port", 0...65535, usual: 9090)
        let loop = try EventLoop(name: "payments-sim")
        let holder = Holder()
        let port = try await loop.run { loop in
            let simulator = try PaymentsSimulator(loop: loop, configuration: configuration)
            holder.simulator = simulator
            return try simulator.listen(host: "127.0.0.1", port: wanted)
        }
        Log.info("simulating a payment provider") { $0.add("url", "http://127.0.0.1:\(port)") }
        await Signals.wait()
        await loop.run { _ in
            await holder.simulator?.stop()
            holder.simulator = nil
        }
        loop.stop()
    }

    private func configuration() throws -> PaymentsSimulator.Configuration {
        guard let seed = UInt64(options["seed"] ?? "0") else { throw Failure("--seed must be a number.") }
        guard let misbehaviours = Misbehaviours(options["misbehave"] ?? "", seed: seed) else {
            throw Failure("--misbehave must be names with probabilities, together at most 1; see --help.")
        }
        var configuration = PaymentsSimulator.Configuration(
            ledger: options["ledger"] ?? "payments-sim.ledger", misbehaviours: misbehaviours)
        configuration.lateTime = .milliseconds(try number("late-ms", 0...3_600_000, usual: 1000))
        if let url = options["callback"] {
            guard Settings.isWebAddress(url) else { throw Failure("--callback must be an http or https address.") }
            guard let signature = try settings.webhookSignature() else {
                throw Failure("USHER_WEBHOOK_SECRETS is missing; callbacks are signed with it.")
            }
            configuration.callback = (url, signature)
        }
        return configuration
    }

    private func number(_ name: String, _ range: ClosedRange<Int>, usual: Int) throws -> Int {
        guard let text = options[name] else { return usual }
        guard let number = Int(text), range.contains(number) else {
            throw Failure("--\(name) must be a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
