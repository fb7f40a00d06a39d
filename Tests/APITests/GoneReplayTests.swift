import Support
import Testing

/// A booking leaves Redis when it has ended and is persisted; its key is remembered for longer. The answer to its claim
/// is then rebuilt from PostgreSQL.
@Suite("Replay of a claim whose booking has left Redis", .api { $0.ownsPostgres = true }, .serialized)
struct GoneReplayTests {
    /// How a hold ends before it leaves Redis.
    enum Fate: String, CaseIterable {
        case nothing, extended, partlyCancelled, extendedAndPartlyCancelled, paid, paidAndPartlyCancelled, declined,
            cancelled
    }

    private static func request(_ hall: TestHall, _ user: String, quantity: Int = 3) -> Request {
        let items = """
            {"tierId":"\(hall.tiers["Standing"] ?? "")","quantity":\(quantity)},\
            {"tierId":"\(hall.tiers["Front"] ?? "")","bestAvailable":2}
            """
        return Request("POST", "/v1/bookings", hall.claim(items)).by(user).keyed("k")
    }

    /// Waits until PostgreSQL has the booking's last version, and removes it from Redis.
    private static func leave(_ api: TestAPI, _ booking: String, by user: String) async throws {
        let read = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(booking)").by(user))
        #expect(read["persisted"]?.bool == true, "\(read.text)")
        try await api.forget(booking)
    }

    /// Each tier's availability.
    private static func left(_ api: TestAPI, _ hall: TestHall) throws -> [Int64?] {
        let answer = try api.ask(Request("GET", "/v1/events/\(hall.event)/availability"))
        return answer["tiers"]?.elements.map { $0["available"]?.integer } ?? []
    }

    private static func bookings(_ api: TestAPI, _ hall: TestHall) async throws -> Int64 {
        try await api.count("SELECT count(*) FROM bookings WHERE event_id = '\(hall.event)'")
    }

    @Test("is the first answer, byte for byte, whatever happened since", arguments: Fate.allCases)
    func replay(fate: Fate) async throws {
        let api = try TestAPI.current
        let hall = try TestHall(api)
        let ann = TestAPI.newUser()
        let request = Self.request(hall, ann)
        let first = try api.ask(request)
        try #require(first.status == 201, "\(first.text)")
        func act(_ action: String, _ body: String = "{}", _ status: Int = 200) throws {
            let answer = try api.act(action, first.id, body, by: ann)
            #expect(answer.status == status, "\(answer.text)")
        }
        let part = "items/\(hall.tiers["Standing"] ?? "")/cancel"
        switch fate {
        case .nothing: break
        case .extended: try act("extend")
        case .partlyCancelled: try act(part, "{\"quantity\":1}")
        case .extendedAndPartlyCancelled:
            try act("extend")
            try act(part, "{\"quantity\":2}")
            try act(part)
        case .paid: try act("payments", Card.body(Card.good))
        case .paidAndPartlyCancelled:
            try act("payments", Card.body(Card.good))
            try act("items/\(hall.tiers["Front"] ?? "")/cancel")
        case .declined: try act("payments", Card.body(Card.declined), 402)
        case .cancelled: try act("cancel")
        }
        // The availability changes too.
        let one = "{\"tierId\":\"\(hall.tiers["Standing"] ?? "")\",\"quantity\":1}"
        #expect(try hall.claim(api, one, by: TestAPI.newUser()).status == 201)
        try api.ask(request).expectReplay(of: first)
        try await Self.leave(api, first.id, by: ann)
        for _ in 1...2 { try api.ask(request).expectReplay(of: first) }
        try api.ask(Self.request(hall, ann, quantity: 2)).expectProblem(422, "idempotency-key-reused")
        #expect(try await Self.bookings(api, hall) <= 2)
    }

    @Test("is 503 while PostgreSQL is away, and no second booking")
    func away() async throws {
        let api = try TestAPI.current
        let hall = try TestHall(api)
        let ann = TestAPI.newUser()
        let request = Self.request(hall, ann)
        let first = try api.ask(request)
        try #require(first.status == 201, "\(first.text)")
        #expect(try api.act("extend", first.id, by: ann).status == 200)
        try await Self.leave(api, first.id, by: ann)
        let before = try Self.left(api, hall)
        api.postgresServer.stop()
        for _ in 1...3 { try api.ask(request).expectProblem(503, "inventory-unavailable") }
        #expect(try Self.left(api, hall) == before)
        try api.postgresServer.start()
        let again = try await api.until({ $0.status != 503 }, request)
        again.expectReplay(of: first)
        #expect(try Self.left(api, hall) == before)
        #expect(try await Self.bookings(api, hall) == 1)
    }

    @Test("is the first answer for one-shot bookings too")
    func oneShot() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let first = try api.claim(event, 2, by: ann, card: Card.good, key: "k")
        #expect(first.status == 201)
        try await Self.leave(api, first.id, by: ann)
        try api.claim(event, 2, by: ann, card: Card.good, key: "k").expectReplay(of: first)
        try api.claim(event, 2, by: ann, key: "k").expectProblem(422, "idempotency-key-reused")
        #expect(try api.left(event) == [98, 0, 2])
    }

    @Test("makes a booking with another id if the first one was lost with Redis")
    func lost() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        await api.stopReconciler()
        let first = try api.claim(event, by: ann, key: "k")
        #expect(first.status == 201)
        // Like two replicas that talk to different Redis servers: neither knows the other's decision.
        try await api.redis("FLUSHALL")
        await api.startReconciler()
        try await api.untilReady()
        let second = try await api.until(
            { $0.status == 201 }, Request("POST", "/v1/bookings", event.claim()).by(ann).keyed("k"))
        #expect(second.status == 201 && second.headers["idempotent-replayed"] == nil, "\(second.text)")
        // Both ids might have been made in one millisecond: the part that is not the time must differ.
        #expect(first.id.suffix(17) != second.id.suffix(17))
    }
}
