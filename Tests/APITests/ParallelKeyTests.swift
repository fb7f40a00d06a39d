import Testing

extension ContractTests {
    @Suite("Concurrent requests with one key")
    struct ParallelKeyTests {
        @Test("fifty concurrent claims with one key make one booking, paid or not", arguments: [nil, Card.good])
        func fifty(card: String?) throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 100)
            let ann = TestAPI.newUser()
            let request = Request("POST", "/v1/bookings", event.claim(card: card)).by(ann).keyed("k")
            let answers = try api.askAll([Request](repeating: request, count: 50))
            #expect(Set(answers.map(\.id)).count == 1)
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(answers.count { $0.headers["idempotent-replayed"] == nil } == 1)
            #expect(Set(answers.map(\.text)).count == 1)
        }

        @Test("fifty concurrent payments with one key make one charge and get one answer")
        func fiftyPayments() async throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            let pay = Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.good)).by(ann).keyed("k")
            let other = Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.poor)).by(ann).keyed("k")
            let answers = try api.askAll(
                [pay] + [Request](repeating: other, count: 4) + [Request](repeating: pay, count: 45))
            let paid = answers.filter { $0.status == 200 }
            #expect(Set(paid.map(\.text)).count == 1)
            #expect(paid.count == 46 && answers.count { $0.code == "idempotency-key-reused" } == 4)
            #expect(try await api.count("SELECT count(*) FROM payments WHERE booking_id = '\(held.id)'") == 1)
        }
    }
}
