import Testing

extension ContractTests {
    @Suite("Validation of actions")
    struct ActionValidationTests {
        @Test(
            "extending and cancelling accept no member but a key",
            arguments: [
                ("{\"quantity\":1}", "/quantity"), ("{\"a\":{\"b\":[]}}", "/a"),
                ("{\"idempotencyKey\":7}", "/idempotencyKey"),
                ("{\"\":1}", "/"), ("[]", ""), ("7", ""), ("{", ""),
            ])
        func members(body: String, pointer: String) throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            for action in ["extend", "cancel"] {
                let answer = try api.act(action, held.id, body, by: ann)
                answer.expectProblem(400, "invalid-request")
                #expect(answer.pointers == [pointer])
            }
            #expect(try api.booking(held.id, by: ann)["version"]?.integer == 1)
            // The body of a DELETE has no meaning (RFC 9110, section 9.3.5).
            let deleted = try api.ask(Request("DELETE", "/v1/bookings/\(held.id)", body).by(ann))
            #expect(deleted.status == 200 && deleted["status"]?.text == "CANCELLED")
        }

        @Test(
            "an impossible card is refused before the provider is called",
            arguments: [
                ("cardNumber", "4242424242424242"), ("cardNumber", "\"\""), ("cardNumber", "\"42424242424\""),
                ("cardNumber", "\"42424242424242424242\""), ("cardNumber", "\"４２４２４２４２４２４２４２４２\""),
                ("cardNumber", "\"4242-4242-4242-4242\""), ("cardNumber", "[\"4242424242424242\"]"),
                ("token", "\"\""), ("token", "{}"), ("expMonth", "13"), ("expMonth", "-1"), ("expYear", "\"2031\""),
                ("expYear", "9007199254740992"), ("cvc", "123"), ("cvc", "\"12\""), ("cvc", "\"12345\""),
            ])
        func cards(name: String, json: String) throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            let card = name == "cardNumber" || name == "token" ? "" : "\"cardNumber\":\"\(Card.good)\","
            let answer = try api.act("payments", held.id, "{\(card)\"\(name)\":\(json)}", by: ann)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/\(name)"])
            // Fewer digits could occur in the answer's id.
            #expect(!answer.text.contains("42424") && !answer.text.contains("4242-4242"))
            #expect(try api.booking(held.id, by: ann)["version"]?.integer == 1)
        }

        @Test("a query on a route without parameters is ignored")
        func queries() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            #expect(try api.ask(Request("GET", "/v1/bookings/\(held.id)?a=%ff&b").by(ann)).status == 200)
        }
    }
}
