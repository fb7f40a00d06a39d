import Support
import Testing

/// `maxmemory` is reached, with the policy `noeviction`.
@Suite("Redis is full", .api { $0.persistWait = .seconds(2) }, .serialized)
struct FullRedisTests {
    private static func fill(_ api: TestAPI) async throws {
        try await api.redis("CONFIG", "SET", "maxmemory", "1")
    }

    /// Frees memory, and waits until claims are accepted again.
    private static func empty(_ api: TestAPI, _ event: TestEvent) async throws {
        try await api.redis("CONFIG", "SET", "maxmemory", "0")
        let claim = Request("POST", "/v1/bookings", event.claim()).by(TestAPI.newUser())
        let answer = try await api.until({ $0.status == 201 }, claim)
        #expect(answer.status == 201, "\(answer.text)")
    }

    @Test("claims and blocks are 503; payments, cancellations, extensions and expiries go on; it recovers by itself")
    func full() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"maxTicketsPerUser\":null")
        let ann = TestAPI.newUser()
        let blocks = "/v1/events/\(event.id)/blocks"
        func block(_ quantity: Int) throws -> Answer {
            let body = "{\"tierId\":\"\(event.tier)\",\"quantity\":\(quantity)}"
            return try api.ask(Request("POST", blocks, body).by(TestAPI.admin))
        }
        let held = try (0..<5).map { _ in try api.claim(event, 2, by: ann) }
        let keyed = try api.claim(event, by: ann, key: "before")
        let paid = try api.claim(event, 4, by: ann, card: Card.good)
        let blocked = try block(7)
        #expect(blocked.status == 201 && paid.status == 201)
        try await Self.fill(api)
        try api.claim(event, by: ann).expectProblem(503, "overloaded")
        try api.claim(event, by: ann, key: "k").expectProblem(503, "overloaded")
        try api.claim(event, by: ann, card: Card.good).expectProblem(503, "overloaded")
        try block(1).expectProblem(503, "overloaded")
        // The simulated provider stores its data in this Redis too, so its outcome is unknown; the callback reports it.
        let pending = try api.act("payments", held[0].id, Card.body(Card.good), by: ann)
        #expect(pending.status == 202 && pending["status"]?.text == "PENDING_PAYMENT", "\(pending.text)")
        #expect(try api.tell(Message(booking: held[0].id, amount: 2 * 4999)) == "confirmed")
        try await api.written(held[0].id, "CONFIRMED", payment: "SUCCEEDED")
        let cancelled = try api.act("cancel", held[1].id, by: ann)
        #expect(cancelled.status == 200 && cancelled["persisted"]?.bool == true, "\(cancelled.text)")
        #expect(try api.act("extend", held[2].id, by: ann).status == 200)
        let part = try api.act("items/\(event.tier)/cancel", held[3].id, "{\"quantity\":1}", by: ann)
        #expect(part.status == 200 && part["totalAmount"]?.integer == 4999, "\(part.text)")
        let refunded = try api.act("cancel", paid.id, by: ann)
        #expect(refunded.status == 200 && refunded["payment"]?["status"]?.text == "REFUND_DUE", "\(refunded.text)")
        let unblocked = try api.ask(Request("DELETE", "\(blocks)/\(blocked.id)").by(TestAPI.admin))
        #expect(unblocked.status == 204, "\(unblocked.text)")
        #expect(try api.booking(held[4].id, by: ann)["status"]?.text == "RESERVED")
        #expect(try api.left(event) == [92, 6, 2])
        try await Self.empty(api, event)
        try api.claim(event, by: ann, key: "before").expectReplay(of: keyed)
        let audit = try await api.until(
            { $0["verdict"]?.text == "ok" },
            Request("GET", "/v1/admin/audit/events/\(event.id)").by(TestAPI.admin))
        #expect(audit["verdict"]?.text == "ok", "\(audit.text)")
    }

    @Test("holds expire, and their owners see it")
    func expiry() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"holdSeconds\":1")
        let ann = TestAPI.newUser()
        let held = try api.claim(event, 3, by: ann)
        #expect(held.status == 201)
        try await Self.fill(api)
        try await api.written(held.id, "EXPIRED", payment: nil)
        #expect(try api.booking(held.id, by: ann)["status"]?.text == "EXPIRED")
        #expect(try api.left(event) == [100, 0, 0])
        try await Self.empty(api, event)
    }

    @Test("a retry under its key is done once, and gets the result")
    func keys() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"maxTicketsPerUser\":null")
        let ann = TestAPI.newUser()
        let held = try (0..<3).map { _ in try api.claim(event, 2, by: ann) }
        try await Self.fill(api)
        let requests = [
            Request("POST", "/v1/bookings/\(held[0].id)/cancel", "{}"),
            Request("POST", "/v1/bookings/\(held[1].id)/extend", "{}"),
            Request("POST", "/v1/bookings/\(held[2].id)/items/\(event.tier)/cancel", "{\"quantity\":1}"),
        ].map { $0.by(ann).keyed("k-\(UInt32.random(in: .min ... .max))") }
        let first = try requests.map { try api.ask($0) }
        for (request, first) in zip(requests, first) {
            #expect(first.status == 200, "\(first.text)")
            // Redis has no room for the answer, so it is rebuilt from the booking once the request cannot be running
            // any more.
            var again = first
            try eventually("it is answered") {
                again = try api.ask(request)
                return again.status != 409
            }
            #expect(again.status == 200 && again.id == first.id, "\(again.text)")
            #expect(again["version"]?.integer == first["version"]?.integer)
            #expect(again["expiresAt"]?.text == first["expiresAt"]?.text)
        }
        #expect(try api.left(event) == [97, 3, 0])
        try await Self.empty(api, event)
    }
}
