import Support
import Testing

@Suite("Callbacks and lost stores", .api { $0.ownsPostgres = true }, .serialized)
struct CallbackStoreTests {
    @Test("a late success of a booking that is no longer in Redis is judged by PostgreSQL's state")
    func leftRedis() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let event = try api.event(capacity: 1, ",\"holdSeconds\":1")
        let held = try await api.lapsed(event, by: ann)
        try await api.until(1, "SELECT count(*) FROM bookings WHERE id = '\(held.id)' AND status = 'EXPIRED'")
        try await api.forget(held.id)
        #expect(try api.tell(Message(booking: held.id)) == "reclaimed")
        let paid = try api.claim(try api.event(), by: ann, card: Card.good)
        try await api.forget(paid.id)
        #expect(try api.tell(Message(booking: paid.id)) == "refund-due")
        let own = try #require(paid["payment"]?["transactionId"]?.text)
        #expect(try api.tell(Message(booking: paid.id, transaction: own)) == "duplicate")
    }

    @Test("during a recovery callbacks are 503, and are judged as usual afterwards")
    func recovering() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let held = try api.claim(try api.event(), by: ann)
        #expect(try api.act("payments", held.id, Card.body(Card.late), by: ann).status == 202)
        try await api.written(held.id, "PENDING_PAYMENT", payment: "PENDING")
        await api.stopReconciler()
        try await api.redis("FLUSHALL")
        let message = Message(booking: held.id)
        let unknown = Message(booking: String(held.id.dropLast(4)) + "0000")
        try api.ask(try api.callback(message, id: "again")).expectProblem(503, "inventory-recovering")
        try api.ask(try api.callback(unknown)).expectProblem(503, "inventory-recovering")
        await api.startReconciler()
        try await api.untilReady()
        #expect(try api.tell(message, id: "again") == "confirmed")
        #expect(try api.tell(unknown) == "unmatched")
        try await api.written(held.id, "CONFIRMED", payment: "SUCCEEDED")
    }

    @Test("without PostgreSQL nothing is acknowledged")
    func postgresAway() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let held = try api.claim(try api.event(), by: ann)
        api.postgresServer.stop()
        let request = try api.callback(Message(booking: held.id))
        try api.ask(request).expectProblem(503, "inventory-unavailable")
        try api.postgresServer.start()
        let answer = try await api.until({ $0.status == 200 }, request)
        #expect(answer["outcome"]?.text == "confirmed")
    }
}
