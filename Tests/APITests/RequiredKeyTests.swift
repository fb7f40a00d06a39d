import Testing

@Suite("Required keys", .api { $0.requiresIdempotencyKey = true })
struct RequiredKeyTests {
    @Test("every POST on bookings needs a key, in the header or in the body; DELETE does not")
    func required() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        try api.claim(event, by: ann).expectProblem(400, "idempotency-key-missing")
        let held = try api.claim(event, by: ann, key: "k")
        #expect(held.status == 201)
        try api.act("extend", held.id, by: ann).expectProblem(400, "idempotency-key-missing")
        try api.act("payments", held.id, Card.body(Card.good), by: ann).expectProblem(400, "idempotency-key-missing")
        try api.act("cancel", held.id, by: ann).expectProblem(400, "idempotency-key-missing")
        #expect(try api.act("extend", held.id, "{\"idempotencyKey\":\"e\"}", by: ann).status == 200)
        #expect(try api.ask(Request("DELETE", "/v1/bookings/\(held.id)").by(ann)).status == 200)
    }
}
