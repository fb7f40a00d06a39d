import Foundation
import Payments
import Support
import Testing

@Suite("Callbacks", .api(), .serialized)
struct CallbackTests {
    /// A booking whose provider answers later.
    private func pending(_ api: TestAPI, by token: String, _ members: String = "") throws -> (TestEvent, Answer) {
        let event = try api.event(capacity: 5, members)
        let held = try api.claim(event, by: token)
        let paid = try api.act("payments", held.id, Card.body(Card.late), by: token)
        #expect(paid.status == 202)
        return (event, paid)
    }

    @Test("a wrong or old signature is 401 and changes nothing")
    func signatures() throws {
        let api = try TestAPI.current
        let (_, booked) = try pending(api, by: TestAPI.newUser())
        let message = Message(booking: booked.id)
        let good = try api.callback(message)
        let bad = [
            Request("POST", "/v1/payments/callback", message.body), good.carrying(Array((message.body + " ").utf8)),
            try api.callback(message, age: 301), try api.callback(message, age: -301),
            Request("POST", "/v1/payments/callback", message.body).with("webhook-id", "a")
                .with("webhook-timestamp", "now").with("webhook-signature", "v1,AAAA"),
        ]
        for request in bad { try api.ask(request).expectProblem(401, "bad-signature") }
        #expect(try api.ask(good)["outcome"]?.text == "confirmed")
    }

    @Test(
        "a signed but malformed message is 400",
        arguments: [
            ("{}", "/type"), ("[]", ""), ("{\"type\":\"\"}", "/type"), ("{\"type\":7}", "/type"),
            ("{\"bookingId\":\"x\"}", "/bookingId"), ("{\"amount\":1.5}", "/amount"), ("{\"amount\":-1}", "/amount"),
            ("{\"currency\":\"usd\"}", "/currency"), ("{\"transactionId\":\"\"}", "/transactionId"),
            ("{\"paymentId\":\"x\"}", "/paymentId"),
        ])
    func malformed(body: String, pointer: String) throws {
        let api = try TestAPI.current
        let now = Int64(Date().timeIntervalSince1970)
        let signature = try #require(TestAPI.signature).sign(id: "m", timestamp: now, body: Array(body.utf8))
        let answer = try api.ask(
            Request("POST", "/v1/payments/callback", body).with("webhook-id", "m")
                .with("webhook-timestamp", "\(now)").with("webhook-signature", signature))
        answer.expectProblem(400, "invalid-request")
        #expect(answer.pointers.contains(pointer))
    }

    @Test("a signed message of an unknown type is ignored, whatever its other members")
    func unknownType() throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let held = try api.claim(try api.event(), by: ann)
        for type in ["payment.refunded", "payment.pending", "ping", String(repeating: "x", count: 5000)] {
            #expect(try api.tell(Message(type: type, booking: held.id)) == "ignored")
        }
        let odd = Message(type: "charge.updated", booking: "none", amount: -1, currency: "bitcoin")
        #expect(try api.tell(odd) == "ignored")
        #expect(try api.booking(held.id, by: ann)["status"]?.text == "RESERVED")
        let forged = try api.callback(Message(type: "ping", booking: held.id)).carrying(
            Array("{\"type\":\"pong\"}".utf8))
        try api.ask(forged).expectProblem(401, "bad-signature")
    }

    @Test("confirmed: only once, however often it is delivered, in Redis and PostgreSQL")
    func confirmed() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let (event, booked) = try pending(api, by: ann)
        let message = Message(booking: booked.id, more: ",\"whatever\":{\"new\":1}")
        #expect(try api.tell(message, id: "confirmed-1") == "confirmed")
        #expect(try api.tell(message, id: "confirmed-1") == "duplicate")
        #expect(try api.tell(message) == "duplicate")
        let read = try api.booking(booked.id, by: ann)
        #expect(read["status"]?.text == "CONFIRMED" && read["payment"]?["transactionId"]?.text == message.transaction)
        #expect(read["payment"]?["id"]?.text == booked["payment"]?["id"]?.text)
        #expect(try api.left(event) == [4, 0, 1])
        try await api.written(booked.id, "CONFIRMED", payment: "SUCCEEDED")
        #expect(
            try await api.count("SELECT count(*) FROM payments WHERE transaction_id = '\(message.transaction)'") == 1)
    }

    @Test("confirmed: a hold without any attempt, and one whose attempt had another transaction")
    func confirmedOtherwise() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let held = try api.claim(try api.event(), by: ann)
        #expect(try api.tell(Message(booking: held.id)) == "confirmed")
        try await api.written(held.id, "CONFIRMED", payment: "SUCCEEDED")
        let (_, booked) = try pending(api, by: ann)
        let other = Message(booking: booked.id, payment: UUID().uuidString.lowercased())
        #expect(try api.tell(other) == "confirmed")
        #expect(try api.booking(booked.id, by: ann)["payment"]?["id"]?.text == other.payment)
    }

    @Test("released: the hold keeps its old deadline; the third failure ends it")
    func released() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let (event, booked) = try pending(api, by: ann)
        let message = Message(booking: booked.id).failed
        #expect(try api.tell(message, id: "released-1") == "released")
        #expect(try api.tell(message, id: "released-1") == "duplicate")
        #expect(try api.tell(message) == "duplicate")
        var read = try api.booking(booked.id, by: ann)
        #expect(read["status"]?.text == "RESERVED" && read["expiresAt"]?.text == booked["expiresAt"]?.text)
        try await api.written(booked.id, "RESERVED", payment: "FAILED")
        for _ in 2...3 {
            #expect(try api.act("payments", booked.id, Card.body(Card.late), by: ann).status == 202)
            // The old message is about the old attempt.
            #expect(try api.tell(message) == "ignored")
            #expect(try api.tell(Message(booking: booked.id).failed) == "released")
        }
        read = try api.booking(booked.id, by: ann)
        #expect(read["status"]?.text == "FAILED")
        #expect(try api.left(event) == [5, 0, 0])
        try await api.until(1, "SELECT count(*) FROM bookings WHERE id = '\(booked.id)' AND status = 'FAILED'")
    }

    @Test("success and failure of one transaction have the same result in either order", arguments: [true, false])
    func eitherOrder(successFirst: Bool) async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let (event, booked) = try pending(api, by: ann)
        let message = Message(booking: booked.id)
        if successFirst {
            #expect(try api.tell(message) == "confirmed")
            #expect(try api.tell(message.failed) == "ignored")
        } else {
            #expect(try api.tell(message.failed) == "released")
            #expect(try api.tell(message) == "confirmed")
            #expect(try api.tell(message.failed) == "ignored")
        }
        #expect(try api.left(event) == [4, 0, 1])
        try await api.written(booked.id, "CONFIRMED", payment: "SUCCEEDED")
    }

    @Test("reclaimed: late, and the same units are still free")
    func reclaimed() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1, ",\"holdSeconds\":1")
        let held = try await api.lapsed(event, by: TestAPI.newUser())
        #expect(try api.tell(Message(booking: held.id)) == "reclaimed")
        #expect(try api.left(event) == [0, 0, 1])
        try await api.written(held.id, "CONFIRMED", payment: "SUCCEEDED")
    }

    @Test("refund-due: late, and sold or held by another", arguments: [Card.good, nil])
    func gone(card: String?) async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1, ",\"holdSeconds\":2")
        let held = try await api.lapsed(event, by: TestAPI.newUser())
        let taken = try api.claim(event, by: TestAPI.newUser(), card: card)
        #expect(taken.status == 201)
        let message = Message(booking: held.id)
        #expect(try api.tell(message) == "refund-due")
        #expect(try api.tell(message) == "duplicate")
        try await api.written(held.id, "EXPIRED", payment: "REFUND_DUE")
    }

    @Test("refund-due: the booking was cancelled, paid or while it was being paid")
    func cancelled() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let (event, booked) = try pending(api, by: ann)
        #expect(try api.act("cancel", booked.id, by: ann).status == 200)
        #expect(try api.tell(Message(booking: booked.id)) == "refund-due")
        try await api.written(booked.id, "CANCELLED", payment: "REFUND_DUE")
        #expect(try api.left(event) == [5, 0, 0])
    }

    @Test("refund-due: a second payment is refunded, and the booking does not change")
    func second() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let booked = try api.claim(try api.event(), by: ann, card: Card.good)
        let message = Message(booking: booked.id)
        #expect(try api.tell(message) == "refund-due")
        #expect(try api.tell(message) == "duplicate")
        let read = try api.booking(booked.id, by: ann)
        #expect(read["status"]?.text == "CONFIRMED" && read["payment"]?["status"]?.text == "SUCCEEDED")
        #expect(read["version"]?.integer == booked["version"]?.integer)
        try await api.until(
            1,
            """
            SELECT count(*) FROM payments WHERE booking_id = '\(booked.id)' AND is_stray AND status = 'REFUND_DUE'
            AND refund_amount = 4999 AND transaction_id = '\(message.transaction)'
            """)
        try await api.written(booked.id, "CONFIRMED", payment: "SUCCEEDED")
    }

    @Test("mismatch: a wrong amount or currency is recorded apart, and the right one still counts")
    func mismatch() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let (event, booked) = try pending(api, by: ann)
        let right = Message(booking: booked.id)
        #expect(try api.tell(right.but { $0.amount = 4998 }) == "mismatch")
        #expect(try api.tell(right.but { $0.currency = "EUR" }) == "mismatch")
        #expect(try api.booking(booked.id, by: ann)["status"]?.text == "PENDING_PAYMENT")
        let kept = "SELECT count(*) FROM charges WHERE state = 'mismatch' AND booking_id = '\(booked.id)'"
        #expect(try await api.count(kept) == 1)
        #expect(try api.tell(right) == "confirmed")
        #expect(try await api.count(kept) == 0)
        #expect(try api.tell(right.but { $0.amount = 1 }) == "mismatch")
        #expect(try await api.count(kept) == 0, "no other payment was recorded")
        #expect(try api.left(event) == [4, 0, 1])
    }

    @Test("mismatch: a transaction of another booking, from a callback or from our own charge")
    func ofAnother() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let (_, first) = try pending(api, by: ann)
        let (_, second) = try pending(api, by: ann)
        let message = Message(booking: first.id)
        #expect(try api.tell(message) == "confirmed")
        #expect(try api.tell(message.but { $0.booking = second.id }) == "mismatch")
        let paid = try api.claim(try api.event(), by: ann, card: Card.good)
        let known = try #require(paid["payment"]?["transactionId"]?.text)
        #expect(try api.tell(Message(booking: second.id, transaction: known)) == "mismatch")
        #expect(try api.booking(second.id, by: ann)["status"]?.text == "PENDING_PAYMENT")
        #expect(try await api.count("SELECT count(*) FROM dead_letters") == 0)
    }

    @Test("unmatched: a payment without a booking is recorded, whatever its booking id looks like")
    func unmatched() async throws {
        let api = try TestAPI.current
        let (_, booked) = try pending(api, by: TestAPI.newUser())
        let unknown = String(booked.id.dropLast(4)) + "0000"
        for name in [unknown, UUID().uuidString.lowercased(), "0190e5a0-0000-7fff-8000-000000000001"] {
            let message = Message(booking: name)
            #expect(try api.tell(message, id: "unmatched-\(name)") == "unmatched")
            #expect(try api.tell(message, id: "unmatched-\(name)") == "duplicate")
            #expect(try api.tell(message) == "duplicate")
            #expect(
                try await api.count(
                    """
                    SELECT count(*) FROM charges WHERE state = 'unmatched'
                    AND transaction_id = '\(message.transaction)' AND amount = 4999
                    """) == 1)
            #expect(try api.tell(Message(booking: name).failed) == "unmatched")
        }
    }

    @Test("the same message twenty times at once has one effect and twenty answers 200")
    func parallel() async throws {
        let api = try TestAPI.current
        let (event, booked) = try pending(api, by: TestAPI.newUser())
        let request = try api.callback(Message(booking: booked.id), id: "parallel")
        let answers = try api.askAll([Request](repeating: request, count: 20))
        #expect(answers.allSatisfy { $0.status == 200 })
        let outcomes = answers.compactMap { $0["outcome"]?.text }
        #expect(outcomes.count { $0 == "confirmed" } == 1 && outcomes.count { $0 == "duplicate" } == 19)
        #expect(try api.left(event) == [4, 0, 1])
        try await api.until(
            1, "SELECT count(*) FROM bookings WHERE id = '\(booked.id)' AND version = 3 AND status = 'CONFIRMED'")
    }

    @Test("a payment is visible to its owner and to administrators; only administrators list payments")
    func reading() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let booked = try api.claim(try api.event(), by: ann, card: Card.good)
        let id = try #require(booked["payment"]?["id"]?.text)
        let path = "/v1/payments/\(id)"
        let read = try api.ask(Request("GET", path).by(ann))
        #expect(read.status == 200 && read.id == id && read["bookingId"]?.text == booked.id)
        #expect(read["status"]?.text == "SUCCEEDED" && read["amount"]?.integer == 4999 && read["userId"] == nil)
        #expect(try api.ask(Request("GET", path).by(TestAPI.admin))["userId"]?.text?.isEmpty == false)
        try api.ask(Request("GET", path).by(TestAPI.newUser())).expectProblem(404, "payment-not-found")
        try api.ask(Request("GET", "/v1/payments/x").by(ann)).expectProblem(404, "payment-not-found")
        try api.ask(Request("GET", path)).expectProblem(401, "unauthorized")
        try api.ask(Request("GET", "/v1/payments?status=REFUND_DUE").by(ann)).expectProblem(403, "forbidden")
        try api.ask(Request("GET", "/v1/payments?status=LOST").by(TestAPI.admin))
            .expectProblem(400, "invalid-request")
        for _ in 0..<3 { #expect(try api.tell(Message(booking: booked.id)) == "refund-due") }
        var seen: [String] = []
        var path2 = "/v1/payments?status=REFUND_DUE&limit=2"
        while seen.count < 1000 {
            let page = try api.ask(Request("GET", path2).by(TestAPI.admin))
            #expect(page.status == 200)
            let data = page["data"]?.elements ?? []
            #expect(data.allSatisfy { $0["status"]?.text == "REFUND_DUE" })
            seen += data.compactMap { $0["id"]?.text }
            guard let next = page["nextCursor"]?.text else { break }
            path2 = "/v1/payments?status=REFUND_DUE&limit=2&cursor=\(next)"
        }
        #expect(seen.count >= 3 && Set(seen).count == seen.count)
    }
}
