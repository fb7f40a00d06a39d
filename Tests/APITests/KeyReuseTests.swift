import Testing

extension ContractTests {
    @Suite("Reused keys")
    struct KeyReuseTests {
        @Test("the same request in another spelling is the same request")
        func spellings() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let event = try api.event()
            func claim(_ event: String, _ tier: String, _ rest: String) throws -> Answer {
                let body = "{\"eventId\":\(event),\"items\":[{\"tierId\":\"\(tier)\",\"quantity\":\(rest)}"
                return try api.ask(Request("POST", "/v1/bookings", body).by(ann).keyed("spelt"))
            }
            let first = try claim("\"\(event.id)\"", event.tier, "1}]")
            #expect(first.status == 201, "\(first.text)")
            let number = "\(event.number)"
            try claim(number, event.tier, "1}]").expectReplay(of: first)
            try claim("\"\(number)\"", event.tier, "1.0}]").expectReplay(of: first)
            try claim("\"\(event.id.uppercased())\"", event.tier.uppercased(), "1}]").expectReplay(of: first)
            try claim(number, event.tier, "1}],\"payment\":null").expectReplay(of: first)
            try claim(number, event.tier, "2}]").expectProblem(422, "idempotency-key-reused")
        }

        @Test("a different request under the key is 422; for another user or event it is another key")
        func reuse() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let first = try api.claim(event, by: ann, key: "k")
            try api.claim(event, 2, by: ann, key: "k").expectProblem(422, "idempotency-key-reused")
            try api.claim(event, 1, by: ann, card: Card.good, key: "k").expectProblem(422, "idempotency-key-reused")
            #expect(try api.claim(event, by: TestAPI.newUser(), key: "k").status == 201)
            #expect(try api.claim(try api.event(), by: ann, key: "k").status == 201)
            try api.claim(event, by: ann, key: "k").expectReplay(of: first)
        }

        @Test("another action on the same booking under the key is 422")
        func otherAction() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            func act(_ action: String, _ body: String = "{}") throws -> Answer {
                try api.ask(Request("POST", "/v1/bookings/\(held.id)/\(action)", body).by(ann).keyed("k"))
            }
            let extended = try act("extend")
            #expect(extended.status == 200)
            try act("cancel").expectProblem(422, "idempotency-key-reused")
            try act("payments", Card.body(Card.good)).expectProblem(422, "idempotency-key-reused")
            try act("extend").expectReplay(of: extended)
            #expect(try api.booking(held.id, by: ann)["status"]?.text == "RESERVED")
        }
    }
}
