import RedisClient
import Support
import Testing

/// A client, answered or not, retries while the partition is being recovered: the 503 that it gets then must not free
/// its key.
@Suite("Keys used before a recovery", .api(), .serialized)
struct KeysDuringRecoveryTests {
    /// Sends a request while the partition of a booking is closed.
    private static func askWhileClosed(_ api: TestAPI, _ booking: String, _ request: Request) async throws -> Answer {
        let partition = try #require(Int(booking.dropFirst(15).prefix(3), radix: 16))
        let meta = "{p\(partition)}:meta"
        let state = try #require(try await api.redis("HGET", meta, "state").string)
        // Nothing else closes or opens the partition meanwhile.
        await api.stopReconciler()
        try await api.redis("HSET", meta, "state", "recovering")
        let answer = try api.ask(request)
        try await api.redis("HSET", meta, "state", state)
        await api.startReconciler()
        return answer
    }

    private static func expectKept(_ first: Answer, _ booking: String, _ request: Request) async throws {
        let api = try TestAPI.current
        let during = try await askWhileClosed(api, booking, request)
        // Either the answer is known already, or the request has to be retried.
        if during.status == 503 {
            during.expectProblem(503, "inventory-recovering")
        } else {
            during.expectReplay(of: first)
        }
        try await api.untilReady()
        try api.ask(request).expectReplay(of: first)
    }

    @Test("a payment's key is not freed: it gets the same answer", arguments: [Card.late, Card.declined, Card.good])
    func payment(card: String) async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let held = try api.claim(try api.event(), by: ann)
        let pay = Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(card)).by(ann).keyed("k")
        let first = try api.ask(pay)
        #expect([200, 202, 402].contains(first.status), "\(first.text)")
        try await Self.expectKept(first, held.id, pay)
        #expect(try await api.count("SELECT count(*) FROM payments WHERE booking_id = '\(held.id)'") == 1)
    }

    @Test("the key of a cancellation, partial cancellation or extension is not freed: it is done once")
    func actions() async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let event = try api.event()
        for (action, body) in [
            ("extend", "{}"), ("items/\(event.tier)/cancel", "{\"quantity\":1}"), ("cancel", "{}"),
        ] {
            let held = try api.claim(event, 3, by: ann)
            let request = Request("POST", "/v1/bookings/\(held.id)/\(action)", body).by(ann).keyed("k")
            let first = try api.ask(request)
            #expect(first.status == 200, "\(first.text)")
            try await Self.expectKept(first, held.id, request)
        }
        #expect(try api.left(event) == [95, 5, 0])
    }

    @Test("a claim's key is not freed: it makes no second booking", arguments: [nil, Card.good, Card.late])
    func claim(card: String?) async throws {
        let api = try TestAPI.current
        let ann = TestAPI.newUser()
        let event = try api.event()
        let request = Request("POST", "/v1/bookings", event.claim(card: card)).by(ann).keyed("k")
        let first = try api.ask(request)
        #expect([201, 202].contains(first.status), "\(first.text)")
        try await Self.expectKept(first, first.id, request)
        #expect(try api.left(event)[0] == 99)
    }
}
