import Support
import Testing

@Suite(
    "PostgreSQL is away",
    .api {
        $0.ownsPostgres = true
        $0.persistWait = .milliseconds(100)
    }, .serialized)
struct PostgresAwayTests {
    @Test("claims, payments and reads go on, and everything is persisted once it is back")
    func away() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        #expect(try api.claim(event, by: ann, card: Card.good).status == 201)
        api.postgresServer.stop()
        let booked = try api.claim(event, by: ann, card: Card.good)
        #expect(booked.status == 202 && booked["status"]?.text == "CONFIRMED" && booked["persisted"]?.bool == false)
        let read = try api.booking(booked.id, by: ann)
        #expect(read.status == 200 && read["persisted"]?.bool == false)
        #expect(try api.ask(Request("GET", "/v1/events/\(event.id)/availability")).status == 200)
        #expect(try api.act("cancel", booked.id, by: ann).status == 202)
        let list = try api.ask(Request("GET", "/v1/bookings").by(ann))
        #expect(list.status == 200 && list["complete"]?.bool == false && list.listed.contains(booked.id))
        try api.ask(Request("GET", "/v1/events")).expectProblem(503, "inventory-unavailable")
        let ready = try api.ask(Request("GET", "/readyz"))
        #expect(ready.status == 503 && ready["checks"]?["postgres"]?.text == "unavailable")
        #expect(ready["checks"]?["redis"]?.text == "ok")
        try api.postgresServer.start()
        let written = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(booked.id)").by(ann))
        #expect(written["persisted"]?.bool == true && written["status"]?.text == "CANCELLED")
    }

    @Test("a PostgreSQL that hangs does not make a confirmation hang")
    func hangs() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        api.postgresServer.suspend()
        defer { api.postgresServer.resume() }
        let began = ContinuousClock.now
        let cancelled = try api.act("cancel", held.id, by: ann)
        #expect(cancelled.status == 202 && cancelled["persisted"]?.bool == false)
        // A command to PostgreSQL may take 10 s.
        #expect(began.duration(to: .now) < .seconds(10))
    }

    @Test("a PostgreSQL that hangs does not make a read hang")
    func readWhileHanging() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        api.postgresServer.suspend()
        defer { api.postgresServer.resume() }
        let began = ContinuousClock.now
        for _ in 1...20 {
            let read = try api.booking(held.id, by: ann)
            #expect(read.status == 200 && read["status"]?.text == "RESERVED")
        }
        // One read waits 250 ms for PostgreSQL without an answer; the others do not wait for a late query.
        #expect(began.duration(to: .now) < .seconds(2))
    }
}

@Suite(
    "PostgreSQL is away and Redis is not durable",
    .api {
        $0.ownsPostgres = true
        $0.redisIsDurable = false
    }, .serialized)
struct NothingDurableTests {
    @Test("paying is 503 and costs neither an attempt nor the hold")
    func paying() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        api.postgresServer.stop()
        for _ in 1...4 {
            try api.act("payments", held.id, Card.body(Card.good), by: ann)
                .expectProblem(503, "inventory-unavailable")
        }
        try api.claim(event, by: ann, card: Card.good).expectProblem(503, "inventory-unavailable")
        let read = try api.booking(held.id, by: ann)
        #expect(read["status"]?.text == "RESERVED" && read["payment"]?.isNull == true)
        #expect(try api.left(event)[1] == 1)
        try api.postgresServer.start()
        let paid = try await api.until(
            { $0.status == 200 }, Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.good)).by(ann))
        #expect(paid.status == 200 && paid["status"]?.text == "CONFIRMED")
    }
}
