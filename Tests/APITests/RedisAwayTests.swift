import Support
import Testing

@Suite("Redis is away", .api(), .serialized)
struct RedisAwayTests {
    @Test("claims fail, the catalogue and persisted bookings are read from PostgreSQL, and all recovers")
    func away() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let booked = try api.claim(event, by: ann, card: Card.good)
        #expect(booked.status == 201)
        api.redisServer.stop()
        let refused = try api.claim(event, by: ann)
        #expect(refused.status == 503 && refused.headers["retry-after"] != nil)
        let read = try api.booking(booked.id, by: ann)
        #expect(read.status == 200 && read["persisted"]?.bool == true && read["status"]?.text == "CONFIRMED")
        #expect(try api.ask(Request("GET", "/v1/events/\(event.id)"))["remainingTickets"]?.integer == 99)
        #expect(try api.ask(Request("GET", "/v1/events?limit=50")).status == 200)
        let overview = try api.ask(Request("GET", "/v1/admin/overview").by(TestAPI.admin))
        #expect(overview.status == 200 && overview["outbox"]?.isNull == true)
        #expect(overview["events"]?[0]?["counts"]?.isNull == true)
        let ready = try api.ask(Request("GET", "/readyz"))
        #expect(ready.status == 503 && ready["checks"]?["postgres"]?.text == "ok")
        try api.redisServer.start()
        try await api.untilReady()
        #expect(try api.claim(event, by: ann).status == 201)
        #expect(try api.left(event) == [98, 1, 1])
    }

    @Test("a hold that only Redis has is 503 meanwhile, not 404")
    func unpersisted() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        await api.stopReconciler()
        let held = try api.claim(event, by: ann)
        #expect(held.status == 201)
        api.redisServer.stop()
        for answer in [
            try api.booking(held.id, by: ann), try api.act("payments", held.id, by: ann),
            try api.act("payments", held.id, Card.body(Card.good), by: ann),
        ] {
            #expect(answer.status == 503)
        }
        try api.redisServer.start()
        await api.startReconciler()
        try await api.untilReady()
        #expect(try api.booking(held.id, by: ann)["status"]?.text == "RESERVED")
    }
}
