import Testing

extension ContractTests {
    @Suite("Declined cards")
    struct DeclineLimitTests {
        @Test("after twenty declines a user cannot try another card for an hour; other users can, and claims go on")
        func limited() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            let tester = TestAPI.newUser()
            let held = try api.claim(event, by: tester)
            let paid = try api.claim(event, by: tester, card: Card.good, key: "paid-before")
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
            #expect(try api.left(event) == [98, 1, 1], "a refused request holds nothing")
            // An earlier payment is still returned, by its key and for a confirmed booking.
            let replayed = try api.claim(event, by: tester, card: Card.good, key: "paid-before")
            #expect(replayed.status == 201 && replayed.id == paid.id)
            #expect(replayed.headers["idempotent-replayed"] == "true")
            #expect(try api.act("payments", paid.id, Card.body(Card.good), by: tester).status == 200)
            #expect(try api.claim(event, by: tester).status == 201)
            #expect(try api.claim(event, by: TestAPI.newUser(), card: Card.good).status == 201)
        }

        @Test("of forty concurrent cards no more than twenty are tried")
        func parallel() async throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            let tester = TestAPI.newUser()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<40 {
                    group.addTask { try api.claim(event, by: tester, card: Card.declined).status }
                }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses[402, default: 0] <= 21 && statuses[402, default: 0] + statuses[429, default: 0] == 40)
        }
    }
}
