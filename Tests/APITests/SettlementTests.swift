import Payments
import Reconciliation
import RedisClient
import Support
import Testing

@Suite(
    "Settlement end to end",
    .api {
        $0.settles = true
        $0.simulation.callback = .milliseconds(50)
        $0.settlement.keptSeconds = 0
        $0.settlement.reportedSeconds = 0
    }, .serialized)
struct SettlementTests {
    @Test(
        "a callback, or a look-up after a lost answer, confirms",
        arguments: [Card.late, Card.broken])
    func answersLater(card: String) async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let booked = try api.claim(try api.event(), by: ann, card: card)
        #expect(booked.status == 202 && booked["status"]?.text == "PENDING_PAYMENT")
        let read = try await api.until(
            { $0["status"]?.text == "CONFIRMED" }, Request("GET", "/v1/bookings/\(booked.id)").by(ann))
        #expect(read["payment"]?["status"]?.text == "SUCCEEDED")
        try await api.written(booked.id, "CONFIRMED", payment: "SUCCEEDED")
    }

    @Test("a cancelled booking is refunded once and in full")
    func cancelled() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let booked = try api.claim(try api.event(), 2, by: ann, card: Card.good)
        #expect(try api.act("cancel", booked.id, by: ann)["payment"]?["status"]?.text == "REFUND_DUE")
        try await api.written(booked.id, "CANCELLED", payment: "REFUNDED")
        let payment = try #require(booked["payment"]?["id"]?.text)
        #expect(try await api.returned(payment) == [9998])
        let read = try api.ask(Request("GET", "/v1/payments/\(payment)").by(ann))
        #expect(read["refundedAmount"]?.integer == 9998)
    }

    @Test("a cancelled part is refunded, then the rest")
    func partly() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let event = try api.event()
        let booked = try api.claim(event, 3, by: ann, card: Card.good)
        let payment = try #require(booked["payment"]?["id"]?.text)
        let part = try api.act("items/\(event.tier)/cancel", booked.id, "{\"quantity\":1}", by: ann)
        #expect(part.status == 200 && part["payment"]?["status"]?.text == "SUCCEEDED")
        let row = "SELECT count(*) FROM payments WHERE id = '\(payment)' AND"
        try await api.until(1, row + " status = 'SUCCEEDED' AND refunded_amount = 4999 AND refund_amount = 4999")
        #expect(try api.act("cancel", booked.id, by: ann).status == 200)
        try await api.until(1, row + " status = 'REFUNDED' AND refunded_amount = 14997")
        #expect(try await api.returned(payment) == [4999, 9998])
    }

    @Test("a second payment and an unmatched one stay due and visible: the simulated provider has no such charges")
    func strays() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let booked = try api.claim(try api.event(), by: ann, card: Card.good)
        let second = Message(booking: booked.id)
        #expect(try api.tell(second) == "refund-due")
        let emptyAnswer = Message(booking: String(booked.id.dropLast(4)) + "0000", amount: 17)
        #expect(try api.tell(emptyAnswer) == "unmatched")
        let odd = Message(booking: try api.claim(try api.event(), by: ann).id, amount: 18)
        #expect(try api.tell(odd) == "mismatch")
        for (message, amount) in [(second, 4999), (emptyAnswer, 17), (odd, 18)] {
            try await api.until(
                1,
                """
                SELECT count(*) FROM payments WHERE transaction_id = '\(message.transaction)' AND is_stray
                AND status = 'REFUND_DUE' AND refunded_amount = 0 AND refund_amount = \(amount)
                AND settle_answer = 'refused: unknown_transaction'
                """)
            #expect(try api.tell(message) == "duplicate")
            let due = try api.ask(Request("GET", "/v1/payments?status=REFUND_DUE&limit=100").by(TestAPI.admin))
            let row = due["data"]?.elements.first { $0["transactionId"]?.text == message.transaction }
            #expect(row?["lastAnswer"]?.text == "refused: unknown_transaction", "\(due.text)")
        }
        try await api.written(booked.id, "CONFIRMED", payment: "SUCCEEDED")
    }

    @Test("an event's cancellation ends every booking of it, and refunds what was paid")
    func eventCancelled() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let event = try api.event()
        let paid = try (0..<20).map { _ in try api.claim(event, by: TestAPI.newUser(), card: Card.good) }
        let held = try api.claim(event, by: ann)
        let late = try api.claim(event, by: TestAPI.newUser())
        await api.stopReconciler()
        #expect(try api.ask(Request("POST", "/v1/events/\(event.id)/cancel", "{}").by(TestAPI.admin)).status == 200)
        // A payment that arrives before the cancellation has reached its booking sells nothing.
        #expect(try api.tell(Message(booking: late.id)) == "refund-due")
        await api.startReconciler()
        let ofEvent =
            "SELECT count(*) FROM bookings b LEFT JOIN payments p ON p.booking_id = b.id"
            + " WHERE b.event_id = '\(event.id)' AND"
        try await api.until(22, ofEvent + " b.status = 'CANCELLED' AND b.reason = 'event-cancelled'")
        try await api.until(20, ofEvent + " p.status = 'REFUNDED' AND p.refunded_amount = p.amount")
        // The simulated provider has no charge of that message's transaction.
        try await api.until(
            1, ofEvent + " p.status = 'REFUND_DUE' AND p.settle_answer = 'refused: unknown_transaction'")
        #expect(try api.booking(held.id, by: ann)["reason"]?.text == "event-cancelled")
        #expect(try api.left(event) == [100, 0, 0])
        for booking in paid {
            #expect(try await api.returned(try #require(booking["payment"]?["id"]?.text)) == [4999])
        }
    }
}

extension TestAPI {
    /// The simulated provider's refunds of a charge.
    func returned(_ payment: String) async throws -> [Int] {
        let reply = try await redis("HVALS", "sim:r:\(payment)")
        return (reply.array ?? []).compactMap { $0.string.flatMap { Int($0) } }
    }
}
