import Testing

extension ContractTests {
    @Suite("Extending")
    struct ExtendTests {
        @Test("a hold is extended twice and no more")
        func extend() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            var last = held["expiresAt"]?.text ?? ""
            for _ in 1...2 {
                let extended = try api.act("extend", held.id, by: ann)
                #expect(extended.status == 200 && extended["status"]?.text == "RESERVED")
                #expect(extended["expiresAt"]?.text ?? "" >= last)
                last = extended["expiresAt"]?.text ?? ""
            }
            let third = try api.act("extend", held.id, by: ann)
            third.expectProblem(409, "extend-limit")
            #expect(third["currentStatus"]?.text == "RESERVED")
            let paid = try api.act("payments", held.id, Card.body(Card.good), by: ann)
            #expect(paid.status == 200)
            try api.act("extend", held.id, by: ann).expectProblem(409, "invalid-state")
        }
    }
}
