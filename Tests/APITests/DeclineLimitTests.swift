import Testing

extension ContractTests {
    @Suite("Declined cards")
    struct DeclineLimitTests {
        @Test("who has had twenty cards declined cannot try another for an hour; others can, and claims go on")
        func limited() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            let tester = TestAPI.newUser()
            let held = try api.claim(event, by: tester)
            for _ in 0..<20 {
                try api.claim(event, by: tester, card: Card.declined).expectProblem(402, "payment-declined")
            }
            for refused in [
                try api.claim(event, by: tester, card: Card.good),
                try api.act("payments", held.id, Card.body(Card.good), by: tester),
            ] {
                refused.expectProblem(429, "rate-limited")
                #expect(refused["detail"]?.text?.hasPrefix("20 of your cards were declined") == true)
                #expect(refused.headers["retry-after"] != nil)
            }
            #expect(try api.left(event) == [99, 1, 0], "nothing was held for what was refused")
            #expect(try api.claim(event, by: tester).status == 201)
            #expect(try api.claim(event, by: TestAPI.newUser(), card: Card.good).status == 201)
        }
    }
}
