import Testing

extension ContractTests {
    @Suite("Payments")
    struct PaymentTests {
        @Test("one shot: held, paid, confirmed and persisted in one call")
        func oneShot() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 3, price: 700)
            let answer = try api.claim(event, 2, by: TestAPI.newUser(), card: Card.good)
            #expect(answer.status == 201 && answer.headers["location"] == "/v1/bookings/\(answer.id)")
            #expect(answer["status"]?.text == "CONFIRMED" && answer["persisted"]?.bool == true)
            #expect(answer["confirmedAt"]?.text?.isEmpty == false)
            #expect(answer["availability"]?[0]?["available"]?.integer == 1)
            let payment = answer["payment"]
            #expect(payment?.names == ["id", "provider", "transactionId", "status", "amount", "currency"])
            #expect(payment?["status"]?.text == "SUCCEEDED" && payment?["amount"]?.integer == 1400)
            #expect(payment?["currency"]?.text == "USD" && payment?["provider"]?.text == "simulated")
            #expect(try api.left(event) == [1, 0, 2])
            #expect(try await api.count("SELECT count(*) FROM bookings WHERE id = '\(answer.id)' AND version = 3") == 1)
        }

        @Test(
            "one shot declined: 402, FAILED, and the seats are free",
            arguments: [(Card.declined, "generic_decline"), (Card.poor, "insufficient_funds")])
        func oneShotDeclined(card: String, reason: String) async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 3)
            let ann = TestAPI.newUser()
            let answer = try api.claim(event, 2, by: ann, card: card)
            answer.expectProblem(402, "payment-declined")
            #expect(answer["declineCode"]?.text == reason && answer["currentStatus"]?.text == "FAILED")
            #expect(try api.left(event) == [3, 0, 0])
            let list = try await api.until(
                { $0["data"]?[0]?["status"]?.text == "FAILED" }, Request("GET", "/v1/bookings").by(ann))
            #expect(list["data"]?[0]?["status"]?.text == "FAILED")
            #expect(list["data"]?[0]?["payment"]?["status"]?.text == "FAILED")
        }

        @Test(
            "if the provider answers later or not at all: 202, and the seats stay held",
            arguments: [Card.late, Card.broken])
        func pending(card: String) throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 5)
            let oneShot = try api.claim(event, 2, by: TestAPI.newUser(), card: card)
            #expect(oneShot.status == 202 && oneShot["status"]?.text == "PENDING_PAYMENT")
            #expect(oneShot.headers["location"] == "/v1/bookings/\(oneShot.id)")
            #expect(oneShot["payment"]?["status"]?.text == "PENDING")
            #expect(oneShot["payment"]?["transactionId"]?.isNull == true)
            let ann = TestAPI.newUser()
            let held = try api.claim(event, 1, by: ann)
            let paid = try api.act("payments", held.id, Card.body(card), by: ann)
            #expect(paid.status == 202 && paid["status"]?.text == "PENDING_PAYMENT")
            #expect(try api.left(event) == [2, 3, 0])
            let again = try api.act("payments", held.id, Card.body(Card.good), by: ann)
            again.expectProblem(409, "invalid-state")
            #expect(again["currentStatus"]?.text == "PENDING_PAYMENT")
            try api.act("extend", held.id, by: ann).expectProblem(409, "invalid-state")
        }

        @Test("a hold is paid; paying again returns the booking and makes no second charge")
        func twoSteps() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let held = try api.claim(event, by: ann)
            let paid = try api.act("payments", held.id, Card.body("4242 4242 4242 4242"), by: ann)
            #expect(paid.status == 200 && paid["status"]?.text == "CONFIRMED" && paid["persisted"]?.bool == true)
            #expect(paid["availability"] == nil)
            for card in [Card.good, Card.declined] {
                let again = try api.act("payments", held.id, Card.body(card), by: ann)
                #expect(again.status == 200 && again.body == paid.body)
            }
            #expect(try await api.count("SELECT count(*) FROM payments WHERE booking_id = '\(held.id)'") == 1)
        }

        @Test("three declines: the first two keep the hold and its time, the third ends it")
        func declines() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 1)
            let ann = TestAPI.newUser()
            let held = try api.claim(event, by: ann)
            for left in [2, 1] {
                let answer = try api.act("payments", held.id, Card.body(Card.declined), by: ann)
                #expect(answer["attemptsLeft"]?.integer == Int64(left))
                let warning = left == 1 ? "One attempt is left; if it is declined too" : "and 2 attempts are left."
                #expect(answer["detail"]?.text?.contains(warning) == true, "\(answer.text)")
                answer.expectProblem(402, "payment-declined")
                #expect(answer["declineCode"]?.text == "generic_decline")
                #expect(answer["currentStatus"]?.text == "RESERVED")
                let now = try api.booking(held.id, by: ann)
                #expect(now["status"]?.text == "RESERVED" && now["expiresAt"]?.text == held["expiresAt"]?.text)
            }
            let last = try api.act("payments", held.id, Card.body(Card.poor), by: ann)
            last.expectProblem(402, "payment-declined")
            #expect(last["attemptsLeft"]?.integer == 0)
            #expect(last["detail"]?.text?.hasSuffix("No attempt is left; the tickets were released.") == true)
            #expect(last["currentStatus"]?.text == "FAILED" && last["declineCode"]?.text == "insufficient_funds")
            #expect(try api.left(event) == [1, 0, 0])
            let after = try api.act("payments", held.id, Card.body(Card.good), by: ann)
            after.expectProblem(409, "invalid-state")
            #expect(after["currentStatus"]?.text == "FAILED")
            try api.act("cancel", held.id, by: ann).expectProblem(409, "invalid-state")
        }

        @Test("another card may be tried after a decline")
        func secondCard() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            try api.act("payments", held.id, Card.body(Card.poor), by: ann).expectProblem(402, "payment-declined")
            #expect(try api.act("payments", held.id, Card.body(Card.good), by: ann).status == 200)
        }

        @Test("two concurrent payments charge once")
        func parallel() async throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            let pay = Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.good)).by(ann)
            let answers = try api.askAll([Request](repeating: pay, count: 8))
            #expect(answers.contains { $0.status == 200 })
            #expect(answers.allSatisfy { $0.status == 200 || $0.code == "invalid-state" })
            #expect(try await api.count("SELECT count(*) FROM payments WHERE booking_id = '\(held.id)'") == 1)
        }

        @Test("an expired hold cannot be paid, extended or cancelled, and reads as expired")
        func expired() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 1, ",\"holdSeconds\":1")
            let ann = TestAPI.newUser()
            let held = try api.claim(event, by: ann)
            let read = try await api.until(
                { $0["status"]?.text == "EXPIRED" }, Request("GET", "/v1/bookings/\(held.id)").by(ann))
            #expect(read.status == 200 && read["status"]?.text == "EXPIRED")
            #expect(read["reason"]?.text == "hold-expired")
            for answer in [
                try api.act("payments", held.id, Card.body(Card.good), by: ann),
                try api.act("extend", held.id, by: ann), try api.act("cancel", held.id, by: ann),
                try api.ask(Request("DELETE", "/v1/bookings/\(held.id)").by(ann)),
            ] {
                answer.expectProblem(409, "hold-expired")
                #expect(answer["currentStatus"]?.text == "EXPIRED")
            }
            #expect(try api.left(event) == [1, 0, 0])
        }

        @Test(
            "the means of payment must be present and valid",
            arguments: [
                ("{}", "/cardNumber"), ("{\"cardNumber\":null}", "/cardNumber"), ("{\"token\":7}", "/token"),
                ("{\"cardNumber\":\"4242424242424242\",\"amount\":1}", "/amount"),
                ("{\"cardNumber\":\"4242424242424242\",\"expMonth\":0}", "/expMonth"),
            ])
        func garbage(body: String, pointer: String) throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            let answer = try api.act("payments", held.id, body, by: ann)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == [pointer])
        }
    }
}
