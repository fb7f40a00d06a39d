import Testing

extension ContractTests {
    @Suite("Replays")
    struct ReplayTests {
        @Test(
            "a repeated claim gets the first answer, whether held, paid, declined or pending",
            arguments: [nil, Card.good, Card.declined, Card.late])
        func replays(card: String?) throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 5)
            let ann = TestAPI.newUser()
            let first = try api.claim(event, 2, by: ann, card: card, key: "k")
            for _ in 0..<2 { try api.claim(event, 2, by: ann, card: card, key: "k").expectReplay(of: first) }
            let taken = first.status == 402 ? 5 : 3
            #expect(try api.left(event)[0] == Int64(taken))
        }

        @Test("paying, extending and cancelling are replayed; another card under the key is 422")
        func actions() async throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            func act(_ action: String, _ body: String, _ key: String) throws -> Answer {
                try api.ask(Request("POST", "/v1/bookings/\(held.id)/\(action)", body).by(ann).keyed(key))
            }
            let declined = try act("payments", Card.body(Card.declined), "d")
            declined.expectProblem(402, "payment-declined")
            try act("payments", Card.body(Card.declined), "d").expectReplay(of: declined)
            try act("payments", Card.body(Card.poor), "d").expectProblem(422, "idempotency-key-reused")
            let extended = try act("extend", "{}", "e")
            try act("extend", "{}", "e").expectReplay(of: extended)
            #expect(try api.booking(held.id, by: ann)["version"]?.integer == extended["version"]?.integer)
            let paid = try act("payments", Card.body(Card.good), "p")
            #expect(paid.status == 200)
            try act("payments", Card.body(Card.good), "p").expectReplay(of: paid)
            let cancelled = try act("cancel", "", "c")
            try act("cancel", "", "c").expectReplay(of: cancelled)
            try act("payments", Card.body(Card.good), "p").expectReplay(of: paid)
            #expect(
                try await api.count("SELECT count(*) FROM payments WHERE booking_id = '\(held.id)'") == 2)
        }

        @Test("refusals that may change are judged again, permanent ones are remembered")
        func stored() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 1)
            let ann = TestAPI.newUser()
            let bob = TestAPI.newUser()
            let held = try api.claim(event, by: ann)
            try api.claim(event, by: bob, key: "k").expectProblem(409, "held-by-others")
            #expect(try api.act("cancel", held.id, by: ann).status == 200)
            #expect(try api.claim(event, by: bob, key: "k").status == 201)

            let pay = Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.good)).by(ann).keyed("k")
            let refused = try api.ask(pay)
            refused.expectProblem(409, "invalid-state")
            try api.ask(pay).expectReplay(of: refused)

            let short = try api.event(",\"holdSeconds\":1")
            let lapsing = try api.claim(short, by: ann)
            let payLapsed = Request("POST", "/v1/bookings/\(lapsing.id)/payments", Card.body(Card.good)).by(ann).keyed(
                "k")
            _ = try await api.until(
                { $0["status"]?.text == "EXPIRED" }, Request("GET", "/v1/bookings/\(lapsing.id)").by(ann))
            let expired = try api.ask(payLapsed)
            expired.expectProblem(409, "hold-expired")
            try api.ask(payLapsed).expectReplay(of: expired)
        }

        @Test("a limit is judged again")
        func limitJudgedAgain() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            let extend = Request("POST", "/v1/bookings/\(held.id)/extend", "{}").by(ann)
            for _ in 1...2 { #expect(try api.ask(extend).status == 200) }
            for _ in 1...2 {
                let answer = try api.ask(extend.keyed("k"))
                answer.expectProblem(409, "extend-limit")
                #expect(answer.headers["idempotent-replayed"] == nil)
            }
        }
    }
}
