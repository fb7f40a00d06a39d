import Testing

extension ContractTests {
    @Suite("Idempotency keys")
    struct IdempotencyKeyTests {
        @Test("the order of members, spaces and escapes do not make a different request")
        func canonical() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let first = try api.claim(event, by: ann, key: "k")
            let body = """
                { "items" : [ { "quantity" : 1 , "\\u0074ierId" : "\(event.tier)" } ] ,
                  "eventId" : "\(event.id)" , "idempotencyKey": "k" }
                """
            try api.ask(Request("POST", "/v1/bookings", body).by(ann)).expectReplay(of: first)
        }

        @Test("the header's forms and the body's member are the same key")
        func forms() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let first = try api.claim(event, by: ann, key: "a\"b\\c")
            try api.claim(event, by: ann, key: "\"a\\\"b\\\\c\"").expectReplay(of: first)
            let alias = Request("POST", "/v1/bookings", event.claim(more: ",\"idempotencyKey\":\"a\\\"b\\\\c\"")).by(
                ann)
            try api.ask(alias).expectReplay(of: first)
            try api.ask(alias.keyed("a\"b\\c")).expectReplay(of: first)
            try api.ask(alias.keyed("other")).expectProblem(400, "idempotency-key-invalid")
        }

        @Test(
            "a malformed key is 400, in the header and in the body",
            arguments: [
                "", " ", "a b", "\"abc", "\"a\"b\"", "\"a\\x\"", "\"\"", "\"a\";p=1", "\"a\\\"", "\"", "käse",
                String(repeating: "k", count: 256),
            ])
        func malformed(key: String) throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            try api.claim(event, by: ann, key: key).expectProblem(400, "idempotency-key-invalid")
            let json = key.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            let alias = event.claim(more: ",\"idempotencyKey\":\"\(json)\"")
            try api.ask(Request("POST", "/v1/bookings", alias).by(ann)).expectProblem(400, "idempotency-key-invalid")
            let held = try api.claim(event, by: ann)
            for action in ["cancel", "extend", "payments"] {
                let body = action == "payments" ? Card.body(Card.good) : "{}"
                let request = Request("POST", "/v1/bookings/\(held.id)/\(action)", body).by(ann).keyed(key)
                try api.ask(request).expectProblem(400, "idempotency-key-invalid")
            }
        }

        @Test("two keys are 400; 255 characters are a valid key")
        func bounds() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let twice = Request("POST", "/v1/bookings", event.claim()).by(ann).keyed("a").keyed("b")
            try api.ask(twice).expectProblem(400, "idempotency-key-invalid")
            #expect(try api.claim(event, by: ann, key: String(repeating: "k", count: 255)).status == 201)
        }
    }
}
