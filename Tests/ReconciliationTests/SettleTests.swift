import BoxOffice
import Loops
import Payments
import PostgresClient
import Records
import SeatInventory
import Settlement
import Support
import Testing

@testable import Reconciliation

@Suite("Settlement")
struct SettleTests {
    /// Runs `body` with a replica that the test steps, its provider, and an event on sale.
    private func withCopy(
        _ name: String,
        _ body: @Sendable (isolated EventLoop, Stage, Reconciler, FakeProvider, EventID) async throws -> Void
    ) async throws {
        try await withStage("settle_\(name)_\(UInt32.random(in: .min ... .max))") { loop, stage in
            let provider = FakeProvider()
            let copy = try stage.copy("a", gateway: provider)
            await stage.settle(copy)
            let event = try await stage.event(1, capacity: 10)
            try await body(loop, stage, copy, provider, event)
        }
    }

    @Test(
        "the provider's answer about an unanswered attempt is applied to its booking",
        arguments: [
            (LookupAnswer.succeeded(transactionID: "t", amount: 100, currency: "USD"), "CONFIRMED", "SUCCEEDED"),
            (.declined(code: "no"), "RESERVED", "FAILED"), (.pending, "PENDING_PAYMENT", "PENDING"),
            (.unknown, "PENDING_PAYMENT", "PENDING"), (.notFound, "PENDING_PAYMENT", "PENDING"),
        ])
    func asks(answer: LookupAnswer, status: String, payment: String) async throws {
        try await withCopy("asks") { _, stage, copy, provider, event in
            let booking = try await stage.claim(event)
            let key = try await stage.beginPayment(booking)
            provider.lookups[key] = answer
            await stage.settle(copy)
            try await stage.settlePayments(copy)
            #expect(try await stage.money(booking) == "\(status) \(payment)")
            #expect(provider.questions == [key] && provider.refunds.isEmpty)
        }
    }

    @Test("an attempt unknown to the provider ends once no charge can be in flight")
    func neverHeardOf() async throws {
        try await withCopy("never") { _, stage, copy, _, event in
            let booking = try await stage.claim(event)
            let key = try await stage.beginPayment(booking)
            await stage.settle(copy)
            try await stage.settlePayments(copy)
            #expect(try await stage.money(booking) == "PENDING_PAYMENT PENDING")
            try await stage.execute("UPDATE payments SET created_at = now() - interval '121 s' WHERE id = '\(key)'")
            try await stage.settlePayments(copy)
            #expect(try await stage.money(booking) == "RESERVED FAILED")
        }
    }

    @Test("a charge of a wrong amount ends the attempt, and is refunded")
    func wrongSum() async throws {
        try await withCopy("sum") { _, stage, copy, provider, event in
            let booking = try await stage.claim(event)
            let key = try await stage.beginPayment(booking)
            provider.lookups[key] = .succeeded(transactionID: "t", amount: 101, currency: "USD")
            await stage.settle(copy)
            try await stage.settlePayments(copy)
            #expect(try await stage.money(booking) == "RESERVED FAILED")
            try await stage.settlePayments(copy)
            #expect(provider.refunds == [FakeProvider.Refund(key: key, from: 0, to: 101)])
            #expect(try await stage.number("SELECT count(*) FROM dead_letters") == 0)
            let back = try await stage.number(
                "SELECT count(*) FROM payments WHERE is_stray AND status = 'REFUNDED' AND refunded_amount = 101")
            #expect(back == 1)
        }
    }

    @Test("a refund is recorded before it is requested, and a larger sum is not requested until it is made")
    func recordedFirst() async throws {
        try await withCopy("recorded") { _, stage, copy, provider, event in
            let booking = try await stage.claim(event, quantity: 3)
            try await stage.confirm(booking)
            let key = PaymentID(booking.uuid)
            try await stage.cancelUnits(booking, event, 1)
            await stage.settle(copy)
            provider.refundAnswer = .unknown
            provider.duringRefund = {
                let asked = try await stage.number("SELECT refund_asked FROM payments WHERE id = '\(key)'")
                #expect(asked == provider.refunds.last?.to)
            }
            try await stage.settlePayments(copy)
            try await stage.cancelUnits(booking, event, 1)
            await stage.settle(copy)
            try await stage.settlePayments(copy)
            let first = FakeProvider.Refund(key: key, from: 0, to: 100)
            #expect(provider.refunds == [first, first])
            provider.refundAnswer = .refunded
            try await stage.settlePayments(copy)
            try await stage.settlePayments(copy)
            #expect(provider.refunds == [first, first, first, FakeProvider.Refund(key: key, from: 100, to: 200)])
            let row = try await stage.number(
                "SELECT count(*) FROM payments WHERE refunded_amount = 200 AND refund_amount = 200 AND status = 'SUCCEEDED'"
            )
            #expect(row == 1)
        }
    }

    @Test("provider calls and failure reports carry the trace of the request that last changed the payment")
    func traces() async throws {
        try await withCopy("traces") { _, stage, copy, provider, event in
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
            let booking = try await stage.claim(event)
            let key = PaymentID(booking.uuid)
            _ = try await stage.inventory.beginPayment(
                stage.transition(booking, trace: "\(trace),pay-1"), payment: key, provider: "p")
            await stage.settle(copy)
            provider.lookups[key] = .succeeded(transactionID: "t", amount: 100, currency: "USD")
            try await stage.settlePayments(copy)
            _ = try await stage.inventory.cancel(
                stage.transition(booking, trace: "\(trace),cancel-1"), reason: "customer")
            await stage.settle(copy)
            provider.refundAnswer = .refused(code: "no-funds")
            var said: [String?] = []
            copy.report.onFailure = { said.append($1) }
            try await stage.settlePayments(copy)
            // Where traces are exported, the span id is that of the settlement's own span.
            func ids(_ traces: [String?]) -> [String] {
                traces.map { "\($0?.prefix(36) ?? "")\($0?.dropFirst(55) ?? "")" }
            }
            #expect(ids(provider.traces) == ["\(trace.prefix(36)),pay-1", "\(trace.prefix(36)),cancel-1"])
            #expect(ids(said) == ["\(trace.prefix(36)),cancel-1"])
        }
    }

    @Test("a refused refund is retried at growing intervals, and the refusal is visible")
    func refused() async throws {
        try await withCopy("refused") { _, stage, copy, provider, event in
            let booking = try await stage.claim(event)
            try await stage.confirm(booking)
            try await stage.cancel(booking)
            await stage.settle(copy)
            provider.refundAnswer = .refused(code: "no-funds")
            try await stage.settlePayments(copy)
            _ = await copy.settler.settleAll()
            #expect(provider.refunds.count == 1)
            var pauses: [Int64] = []
            for _ in 0..<6 {
                try await stage.settlePayments(copy)
                pauses.append(
                    try await stage.number("SELECT round(extract(epoch FROM settle_at - now()))::bigint FROM payments"))
            }
            #expect(provider.refunds.count == 7 && copy.report.counts.refusedRefunds == 7)
            #expect(pauses == pauses.sorted() && (pauses.last ?? 0) >= 14)
            let seen = try await stage.number(
                "SELECT count(*) FROM payments WHERE status = 'REFUND_DUE' AND settle_answer = 'refused: no-funds'")
            #expect(seen == 1)
            provider.refundAnswer = .refunded
            try await stage.settlePayments(copy)
            #expect(try await stage.money(booking) == "CANCELLED REFUNDED")
        }
    }

    @Test("two concurrent replicas make the same refunds as one")
    func twoCopies() async throws {
        try await withCopy("two") { loop, stage, first, provider, event in
            let second = try stage.copy("b", gateway: provider)
            var paid: [BookingID] = []
            for _ in 0..<5 {
                let booking = try await stage.claim(event)
                try await stage.confirm(booking)
                try await stage.cancel(booking)
                paid.append(booking)
            }
            await stage.settle(first)
            try await eventually(loop, "all are refunded") {
                await stage.settle(first)
                await loop.concurrently([first, second]) { _ = await $0.settler.settleAll() }
                await stage.settle(first)
                return try await stage.number("SELECT count(*) FROM payments WHERE status = 'REFUNDED'") == 5
            }
            #expect(Set(provider.refunds.map(\.key)).count == 5)
            #expect(provider.refunds.allSatisfy { $0.from == 0 && $0.to == 100 })
        }
    }

    @Test("an attempt that its booking replaced by another is settled on its own", arguments: [true, false])
    func forgotten(isCharged: Bool) async throws {
        try await withCopy("forgotten") { _, stage, copy, provider, event in
            let booking = try await stage.claim(event)
            let key = try await stage.beginPayment(booking)
            await stage.settle(copy)
            let other = PaymentID(UUIDBytes(high: 0xabc, low: 1))
            _ = try await stage.inventory.confirm(
                stage.transition(booking), payment: other, provider: "p", transactionID: "other", amount: 100,
                currency: "USD")
            await stage.settle(copy)
            provider.lookups[key] =
                isCharged ? .succeeded(transactionID: "t", amount: 100, currency: "USD") : .declined(code: "no")
            try await stage.settlePayments(copy)
            try await stage.settlePayments(copy)
            #expect(try await stage.money(booking) == "CONFIRMED SUCCEEDED")
            let status = isCharged ? "REFUNDED" : "FAILED"
            let ended = try await stage.number(
                "SELECT count(*) FROM payments WHERE id = '\(key)' AND is_stray AND status = '\(status)'")
            #expect(ended == 1)
            #expect(provider.refunds.map(\.key) == (isCharged ? [key] : []))
        }
    }

    @Test("a failed transaction that succeeds after another attempt has paid is refunded")
    func failedThenSecond() async throws {
        try await withCopy("turned") { _, stage, copy, provider, event in
            let booking = try await stage.claim(event)
            let key = try await stage.beginPayment(booking)
            _ = try await stage.inventory.failPayment(
                stage.transition(booking), payment: key, isFinal: false, reason: "declined", transactionID: "t")
            let other = PaymentID(UUIDBytes(high: 0xabc, low: 1))
            _ = try await stage.inventory.beginPayment(stage.transition(booking), payment: other, provider: "p")
            _ = try await stage.inventory.confirm(
                stage.transition(booking), payment: other, provider: "p", transactionID: "other", amount: 100,
                currency: "USD")
            await stage.settle(copy)
            let charge = ReportedCharge(
                provider: "p", transactionID: "t", booking: booking, payment: key, amount: 100, currency: "USD",
                isSuccess: true)
            let told = try await stage.recorder().apply(charge)
            #expect(told.outcome == .refundDue)
            try await stage.settlePayments(copy)
            #expect(provider.refunds == [FakeProvider.Refund(key: key, from: 0, to: 100)])
            #expect(try await stage.money(booking) == "CONFIRMED SUCCEEDED")
            #expect(try await stage.number("SELECT count(*) FROM dead_letters") == 0)
        }
    }

    @Test("a reported charge is applied later if Redis lost it or the process that received it died")
    func toldAgain() async throws {
        try await withCopy("again") { _, stage, copy, _, event in
            let booking = try await stage.claim(event)
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,req-1"
            let charge = ReportedCharge(
                provider: "p", transactionID: "t", booking: booking, payment: PaymentID(booking.uuid), amount: 100,
                currency: "USD", isSuccess: true, trace: trace)
            // As the API stores a reported charge.
            _ = try await ChargeStore(pool: stage.pool).receive("message", charge, unnamed: charge.payment)
            await stage.settle(copy)
            _ = await copy.settler.settleAll()
            #expect(try await stage.money(booking) == "RESERVED none")
            let early = await copy.poller.dueWork()
            #expect(!early.charges && !early.payments && !early.cancelled && !early.verdicts)
            copy.settler.times.reportedSeconds = 0
            let late = await copy.poller.dueWork()
            #expect(late.charges && !late.payments)
            _ = await copy.settler.settleAll()
            await stage.settle(copy)
            #expect(try await stage.money(booking) == "CONFIRMED SUCCEEDED")
            try await stage.execute("UPDATE events SET status = 'cancelled'")
            let over = await copy.poller.dueWork()
            #expect(over.cancelled && !over.verdicts)
            _ = await copy.canceller.cancelBookings()
            await stage.settle(copy)
            try await stage.execute("UPDATE payments SET settle_at = now()")
            let refund = await copy.poller.dueWork()
            #expect(refund.payments && !refund.cancelled)
            // The trace of the report is still stored.
            let traced = try await stage.number("SELECT count(*) FROM payments WHERE trace = $1", [.text(trace)])
            #expect(traced == 1)
            _ = await copy.settler.settleAll()
            #expect(try await stage.number("SELECT count(*) FROM charges WHERE state = 'settled'") == 1)
        }
    }
}

extension Stage {
    /// A recorder as in the API.
    func recorder() -> ChargeRecorder {
        let charges = ChargeStore(pool: pool)
        let locator = BookingLocator(
            inventory: inventory, bookings: bookings, catalogue: catalogue, seats: SeatStore(pool: pool))
        return ChargeRecorder(inventory: inventory, locator: locator, charges: charges)
    }

    /// Begins an attempt; returns its key.
    func beginPayment(_ booking: BookingID) async throws -> PaymentID {
        let payment = PaymentID(booking.uuid)
        _ = try await inventory.beginPayment(transition(booking), payment: payment, provider: "p")
        return payment
    }

    /// Releases some units of a booking.
    func cancelUnits(_ booking: BookingID, _ event: EventID, _ count: Int) async throws {
        let outcome = try await inventory.cancelItems(
            transition(booking), tier: tier(event), quantity: count, seats: [])
        guard case .done = outcome else {
            Issue.record("refused: \(outcome)")
            return
        }
    }

    /// Makes all payments due now, settles what is due, and persists the results.
    func settlePayments(_ copy: Reconciler) async throws {
        try await execute("UPDATE payments SET settle_at = now()")
        _ = await copy.settler.settleAll()
        await settle(copy)
    }

    /// The persisted status of a booking and of its payment.
    func money(_ booking: BookingID) async throws -> String {
        let row = try #require(try await bookings.booking(booking))
        return "\(row.image.status.rawValue) \(row.image.payment?.status.rawValue ?? "none")"
    }
}
