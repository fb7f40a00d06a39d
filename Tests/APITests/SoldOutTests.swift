import RedisClient
import Support
import Testing

@Suite("Sold-out events", .api(), .serialized)
struct SoldOutTests {
    /// An event whose one unit is paid for, under a key.
    private func soldOut(_ api: TestAPI, by user: String, key: String) throws -> (event: TestEvent, sale: Answer) {
        let event = try api.event(capacity: 1)
        let sale = try api.claim(event, by: user, card: Card.good, key: key)
        #expect(sale.status == 201 && sale["status"]?.text == "CONFIRMED")
        return (event, sale)
    }

    /// How many scripts Redis has run so far, except those that measure the outboxes.
    private func scriptCalls(_ api: TestAPI) async throws -> Int {
        let reply = try await api.redis("INFO", "commandstats").string ?? ""
        func calls(_ command: String) -> Int? {
            let line = reply.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_\(command):") }
            return line?.split(separator: ",").first?.split(separator: "=").last.flatMap { Int($0) }
        }
        return try #require(calls("fcall")) - (calls("xinfo|stream") ?? 0)
    }

    @Test("many claims are refused, most without a script, with and without keys")
    func crowd() async throws {
        let api = try TestAPI.current
        let bob = TestAPI.newUser()
        let (event, _) = try soldOut(api, by: TestAPI.newUser(), key: "sale")
        await api.stopReconciler()
        let claim = Request("POST", "/v1/bookings", event.claim()).by(bob)
        let requests = (0..<200).map { $0 % 2 == 0 ? claim.keyed("key-\($0)") : claim }
        let before = try await scriptCalls(api)
        let start = ContinuousClock.now
        let client = HTTPClient(port: api.port)
        for request in requests { try client.send(request) }
        for request in requests { try client.answer(to: request).expectProblem(409, "sold-out") }
        // Redis is asked again every 50 ms, however long a busy machine takes for all of them.
        let asked = try await scriptCalls(api) - before
        #expect(asked < 20 + 2 * Int((ContinuousClock.now - start) / .milliseconds(50)), "\(asked) calls")
        await api.startReconciler()
    }

    @Test("the buyer's replay returns the booking, between refusals")
    func replay() throws {
        let api = try TestAPI.current
        let (ann, bob) = (TestAPI.newUser(), TestAPI.newUser())
        let (event, sale) = try soldOut(api, by: ann, key: "sale")
        let late = Request("POST", "/v1/bookings", event.claim()).by(bob)
        let again = Request("POST", "/v1/bookings", event.claim(card: Card.good)).by(ann).keyed("sale")
        let client = HTTPClient(port: api.port)
        let requests = (0..<60).map { $0 % 3 == 2 ? again : late.keyed("late-\($0)") }
        for request in requests { try client.send(request) }
        for (index, request) in requests.enumerated() {
            let answer = try client.answer(to: request)
            if index % 3 == 2 { answer.expectReplay(of: sale) } else { answer.expectProblem(409, "sold-out") }
        }
    }

    @Test("a key of a hold, and one of another request, are found before the refusal")
    func keys() throws {
        let api = try TestAPI.current
        let (ann, bob) = (TestAPI.newUser(), TestAPI.newUser())
        let event = try api.event(capacity: 2)
        let hold = try api.claim(event, by: ann, key: "hold")
        #expect(try api.claim(event, by: bob, card: Card.good).status == 201)
        // Two are more than are unsold.
        try api.claim(event, 2, by: bob).expectProblem(409, "not-enough-left")
        let paid = try api.act("payments", hold.id, Card.body(Card.good), by: ann)
        #expect(paid.status == 200)
        for _ in 0..<20 {
            try api.claim(event, by: bob).expectProblem(409, "sold-out")
            try api.claim(event, by: ann, key: "hold").expectReplay(of: hold)
            try api.claim(event, 2, by: ann, key: "hold").expectProblem(422, "idempotency-key-reused")
        }
    }

    @Test("units released by this process can be claimed at once")
    func back() throws {
        let api = try TestAPI.current
        let (ann, bob) = (TestAPI.newUser(), TestAPI.newUser())
        let (event, sale) = try soldOut(api, by: ann, key: "back")
        for _ in 0..<5 { try api.claim(event, by: bob).expectProblem(409, "sold-out") }
        #expect(try api.act("cancel", sale.id, by: ann).status == 200)
        #expect(try api.claim(event, by: bob, key: "mine").status == 201)
    }
}
