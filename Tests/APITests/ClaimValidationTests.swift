import Testing

extension ContractTests {
    @Suite("Validation of claims")
    struct ClaimValidationTests {
        private func claim(_ items: String, _ more: String = "") throws -> Answer {
            let api = try TestAPI.current
            let event = try api.event()
            let items = items.replacing("TIER", with: "\"\(event.tier)\"")
            let body = "{\"eventId\":\"\(event.id)\",\"items\":\(items)\(more)}"
            return try api.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
        }

        @Test(
            "a quantity is an integer from 1 to 1000",
            arguments: [
                "0", "-1", "1001", "9007199254740992", "9223372036854775807", "9223372036854775808", "1e2",
                "0.5", "\"1\"", "true", "[]", "{}", "null",
            ])
        func quantities(quantity: String) throws {
            let answer = try claim("[{\"tierId\":TIER,\"quantity\":\(quantity)}]")
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/items/0/quantity"])
        }

        @Test(
            "items are one to twenty objects of known members",
            arguments: [
                ("[]", "/items"), ("{}", "/items"), ("\"x\"", "/items"), ("7", "/items"), ("[1]", "/items/0"),
                ("[null]", "/items/0"), ("[{\"quantity\":1}]", "/items/0/tierId"),
                ("[{\"tierId\":7,\"quantity\":1}]", "/items/0/tierId"),
                ("[{\"tierId\":\"abc\",\"quantity\":1}]", "/items/0/tierId"),
                ("[{\"tierId\":\"zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz\",\"quantity\":1}]", "/items/0/tierId"),
                ("[{\"tierId\":TIER}]", "/items/0/quantity"),
                ("[{\"tierId\":TIER,\"quantity\":1,\"price\":1}]", "/items/0/price"),
                ("[{\"tierId\":TIER,\"quantity\":1},{\"tierId\":TIER,\"quantity\":0}]", "/items/1/quantity"),
            ])
        func items(items: String, pointer: String) throws {
            let answer = try claim(items)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == [pointer])
        }

        @Test("more than twenty items are too many")
        func manyItems() throws {
            let item = "{\"tierId\":TIER,\"quantity\":1}"
            let answer = try claim("[\((0..<21).map { _ in item }.joined(separator: ","))]")
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/items"])
        }

        @Test(
            "unknown or invalid further members are refused",
            arguments: [
                (",\"seat\":1", "/seat"), (",\"payment\":7", "/payment"), (",\"payment\":{}", "/payment/cardNumber"),
                (",\"payment\":{\"cardNumber\":4242424242424242}", "/payment/cardNumber"),
                (",\"payment\":{\"cardNumber\":\"4242\"}", "/payment/cardNumber"),
                (",\"payment\":{\"cardNumber\":\"4242x24242424242\"}", "/payment/cardNumber"),
                (",\"payment\":{\"cardNumber\":\"4242424242424242\",\"pin\":\"1\"}", "/payment/pin"),
                (",\"payment\":{\"cardNumber\":\"4242424242424242\",\"expMonth\":13}", "/payment/expMonth"),
                (",\"payment\":{\"cardNumber\":\"4242424242424242\",\"expYear\":\"31\"}", "/payment/expYear"),
                (",\"payment\":{\"cardNumber\":\"4242424242424242\",\"cvc\":\"12x\"}", "/payment/cvc"),
                (",\"payment\":{\"cardNumber\":\"4242424242424242\",\"token\":\"t\"}", "/payment/token"),
                (",\"payment\":{\"token\":\"\"}", "/payment/token"), (",\"idempotencyKey\":7", "/idempotencyKey"),
            ])
        func members(more: String, pointer: String) throws {
            let answer = try claim("[{\"tierId\":TIER,\"quantity\":1}]", more)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == [pointer])
            // Fewer digits could occur in the answer's id.
            #expect(!answer.text.contains("42424") && !answer.text.contains("4242-4242"))
        }

        @Test(
            "an event is named by an id or a number",
            arguments: [
                "true", "0", "-3", "1.5", "1e2", "[]", "\"\"", "\"x\"", "\"1e2\"", "\"-1\"", "\"+1\"", "\"01\"", "null",
            ])
        func events(name: String) throws {
            let body = "{\"eventId\":\(name),\"items\":[]}"
            let answer = try TestAPI.current.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers.contains("/eventId"))
        }
    }
}
