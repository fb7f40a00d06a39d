import BoxOffice
import Loops
import Metrics
import Payments
import PlantedBugs
import Records
import RedisClient
import Tracing

/// Settles payments: asks the provider about attempts whose outcome is unknown, makes refunds that are due, and applies
/// open charges to their bookings.
///
/// Every step is idempotent, so two replicas may do it at once, or repeat it after a crash: requests to providers have
/// keys, and bookings store their payments.
final class PaymentSettler: ReconcilerService {
    private let loop: EventLoop
    private let payments: PaymentStore
    /// Without a gateway nothing is settled.
    private let gateway: (any PaymentGateway)?
    private let inquiry: AttemptInquiry
    private let refunds: RefundSender
    private let charges: OpenChargeReporter
    private let report: ReconcilerReport
    private let periodic: PeriodicLoop
    var times: SettlementTimes
    /// The pause before the next run.
    private var pause = PaymentSettler.pauses.lowerBound

    /// Payments, and open charges, settled at a time: a provider that hangs delays only these.
    static let limit = 16
    /// Between two runs; doubled while nothing is due. After the longest, `DueWorkPoller` finds due payments in the
    /// same query as all other due work.
    private static let pauses = Duration.milliseconds(250)...Duration.seconds(1)
    /// The pause while `DueWorkPoller` looks for due payments: the poller wakes this service.
    private static let longPause = Duration.seconds(60)

    init(
        loop: EventLoop, payments: PaymentStore, gateway: (any PaymentGateway)?, inquiry: AttemptInquiry,
        refunds: RefundSender, charges: OpenChargeReporter, times: SettlementTimes, report: ReconcilerReport
    ) {
        self.loop = loop
        self.payments = payments
        self.gateway = gateway
        self.inquiry = inquiry
        self.refunds = refunds
        self.charges = charges
        self.times = times
        self.report = report
        periodic = PeriodicLoop(loop)
    }

    /// The provider's name; empty if there is none.
    var provider: String { gateway?.name ?? "" }

    func run() async {
        await periodic.run { [self] in
            let longest = Self.pauses.upperBound
            pause = min(pause * 2, longest)
            guard await settleAll() else { return pause < longest ? pause : Self.longPause }
            pause = Self.pauses.lowerBound
            return nil
        }
    }

    func stop() { periodic.stop() }

    /// Ends the pause before the next run.
    func wake() { periodic.wake() }

    /// Shortens the pause after payments that need settling were persisted.
    func settleSoon() {
        pause = Self.pauses.lowerBound
        wake()
    }

    /// Settles some of what is due.
    ///
    /// - Returns: whether there may be more.
    func settleAll() async -> Bool {
        guard let gateway else { return false }
        do {
            let due = try await payments.takeDue(
                provider: gateway.name, limit: Self.limit, oldSeconds: times.oldSeconds,
                records: PlantedBug.current != .lateRecord)
            await loop.concurrently(due) { [self] payment in await settle(payment, gateway) }
            let hasMoreCharges = try await charges.reportOpenCharges(gateway, times)
            return due.count == Self.limit || hasMoreCharges
        } catch {
            report.note("settle: \(error)")
            return false
        }
    }

    private func settle(_ due: DuePayment, _ gateway: any PaymentGateway) async {
        let row = due.row
        // The trace of the request that last changed the payment, if known.
        let caller = row.trace.flatMap { TraceContext(traceparent: $0.prefix(55)) }
        guard Tracer.shared.isOn else {
            _ = await settle(due, gateway, caller == nil ? "" : row.trace ?? "")
            return
        }
        let trace = caller?.child() ?? TraceContext.root()
        let cause = trace.traceparent + (caller == nil ? "" : row.trace?.dropFirst(55) ?? "")
        let start = monotonicNanoseconds()
        let outcome = await ScriptCause.$record.withValue(cause) { await settle(due, gateway, cause) }
        Tracer.shared.record(
            Span(
                "settle payment", .inside, trace, parent: caller?.spanID, lasting: monotonicNanoseconds() - start,
                [
                    ("usher.payment_id", .text(row.payment.id.description)),
                    ("usher.booking_id", .text(row.booking.description)), ("usher.outcome", .text(outcome)),
                ], hasFailed: outcome == "failed"))
    }

    /// - Parameter cause: trace context and id of the request that caused the settlement.
    /// - Returns: the outcome, in a word.
    private func settle(_ due: DuePayment, _ gateway: any PaymentGateway, _ cause: String) async -> String {
        let row = due.row
        var outcome = "failed"
        do {
            let answer =
                row.payment.status == .pending
                ? try await inquiry.ask(due, gateway, cause) : try await refunds.refund(due, gateway, cause)
            outcome = String(answer.prefix { $0 != ":" }).replacing(" ", with: "_")
            try await payments.note(row.payment.id, answer)
        } catch {
            report.note("payment \(row.payment.id): \(error)", cause)
        }
        ReconcileMetrics.shared.settlements[outcome].add()
        return outcome
    }
}
