import Support
import Testing

private func timed(_ body: () throws -> Void) rethrows -> Duration {
    let start = ContinuousClock.now
    try body()
    return start.duration(to: .now)
}

private func expectStatus(_ status: Int, _ answer: Answer, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
}

@Suite(
    "The outbox is full",
    .api {
        $0.outboxLimit = 10
        $0.persistWait = .milliseconds(50)
    }, .serialized)
struct OutboxPressureTests {
    @Test("new claims are 503; bookings can be paid, cancelled, read and replayed; it recovers by itself")
    func outbox() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let bob = TestAPI.newUser()
        let early = try api.claim(event, by: bob, key: "early")
        _ = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(early.id)").by(bob))
        await api.stopReconciler()
        var held: [Answer] = []
        let keyed = try api.claim(event, by: ann, key: "before")
        for _ in 0..<12 { held.append(try api.claim(event, by: ann)) }
        let claim = Request("POST", "/v1/bookings", event.claim()).by(ann)
        let refused = try await api.until({ $0.status == 503 }, claim)
        refused.expectProblem(503, "overloaded")
        try api.claim(event, by: ann, card: Card.good).expectProblem(503, "overloaded")
        try api.claim(event, by: ann, key: "before").expectReplay(of: keyed)
        try await api.forget(early.id)
        try api.claim(event, by: bob, key: "early").expectReplay(of: early)
        try api.claim(event, by: ann, key: "other").expectProblem(503, "overloaded")
        let paid = try api.act("payments", held[0].id, Card.body(Card.good), by: ann)
        #expect(paid.status == 202 && paid["status"]?.text == "CONFIRMED")
        let cancelled = try api.act("cancel", held[1].id, by: ann)
        #expect(cancelled.status == 202 && cancelled["status"]?.text == "CANCELLED")
        #expect(try api.booking(held[2].id, by: ann).status == 200)
        #expect(try api.ask(Request("GET", "/v1/events/\(event.id)/availability")).status == 200)
        await api.startReconciler()
        let again = try await api.until({ $0.status == 201 }, claim)
        #expect(again.status == 201)
    }
}

@Suite("Redis's memory is nearly full", .api { $0.redisArguments = ["--maxmemory", "100mb"] }, .serialized)
struct MemoryPressureTests {
    @Test("new claims are 503, cancelling goes on, and claims are accepted again when there is room")
    func memory() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        #expect(held.status == 201)
        try await api.redis("SETRANGE", "ballast", String(90 << 20), "x")
        let claim = Request("POST", "/v1/bookings", event.claim()).by(ann)
        let refused = try await api.until({ $0.status == 503 }, claim)
        refused.expectProblem(503, "overloaded")
        #expect(try api.act("cancel", held.id, by: ann).status == 200)
        try await api.redis("DEL", "ballast")
        let again = try await api.until({ $0.status == 201 }, claim)
        #expect(again.status == 201)
    }
}

@Suite(
    "Waits without a reconciler", .api { $0.persistWait = .seconds(4) }, .serialized)
struct NobodyWritesTests {
    @Test("after some failed waits others do not wait, until the reconciler acknowledges something")
    func noWait() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let bookings = try (0..<8).map { _ in try api.claim(event, by: ann).id }
        await api.stopReconciler()
        // Three concurrent waits fail.
        let vain = try api.askAll(bookings.prefix(3).map { Request("POST", "/v1/bookings/\($0)/cancel", "{}").by(ann) })
        #expect(vain.allSatisfy { $0.status == 202 })
        let quick = try timed {
            for booking in bookings[3..<6] { try expectStatus(202, api.act("cancel", booking, by: ann)) }
        }
        #expect(quick < .seconds(8), "waited \(quick)")
        // A wait that the client asks for is not cut short.
        let wished = try timed {
            let request = Request("POST", "/v1/bookings/\(bookings[6])/cancel", "{}").by(ann).with("Prefer", "wait=1")
            try expectStatus(202, api.ask(request))
        }
        // Timers use a coarser clock than this one.
        #expect(wished >= .milliseconds(990))
        await api.startReconciler()
        _ = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(bookings[6])").by(ann))
        let written = try api.act("cancel", bookings[7], by: ann)
        #expect(written.status == 200 && written["persisted"]?.bool == true)
    }
}

@Suite("A store hangs", .api { $0.ownsPostgres = true }, .serialized)
struct HangingStoreTests {
    @Test("PostgreSQL: one request waits for its deadline, others are refused at once, and it recovers by itself")
    func postgres() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        // Not a list of bookings, which would be answered without PostgreSQL.
        let list = Request("GET", "/v1/venues")
        // Opens every connection of the pool; they look healthy until a query is sent.
        #expect(try api.askAll(Array(repeating: list, count: 8)).allSatisfy { $0.status == 200 })
        api.postgresServer.suspend()
        defer { api.postgresServer.resume() }
        let first = try timed { try api.ask(list).expectProblem(503, "inventory-unavailable") }
        #expect(first < .seconds(9), "\(first)")
        // At most one probe a second is let through.
        var slow = 0
        for _ in 0..<40 where try timed({ try expectStatus(503, api.ask(list)) }) > .seconds(2) { slow += 1 }
        #expect(slow <= 2)
        #expect(try api.claim(event, by: ann).status == 201)
        api.postgresServer.resume()
        #expect(try await api.until({ $0.status == 200 }, list).status == 200)
    }

    @Test("Redis: one request waits for its deadline, others are refused soon, nothing piles up, and it recovers")
    func redis() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let claim = Request("POST", "/v1/bookings", event.claim()).by(ann)
        #expect(try api.ask(claim).status == 201)
        api.redisServer.suspend()
        defer { api.redisServer.resume() }
        let first = try timed { try expectStatus(503, api.ask(claim)) }
        #expect(first < .seconds(9), "\(first)")
        let ten = try timed { for _ in 0..<10 { try expectStatus(503, api.ask(claim)) } }
        #expect(ten < .seconds(9), "\(ten)")
        #expect(try api.ask(Request("GET", "/v1/events/\(event.id)")).status == 200)
        api.redisServer.resume()
        #expect(try await api.until({ $0.status == 201 }, claim).status == 201)
    }
}
