import Testing

@Suite("A history that Redis lost", .api { $0.persistWait = .milliseconds(100) }, .serialized)
struct LostHistoryTests {
    @Test("a persisted version of the same number does not prove that this one is persisted")
    func sameNumber() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        await api.stopReconciler()
        let held = try api.claim(event, by: ann)
        // The hold expired in the persisted history; paying it makes versions 2 and 3.
        try await api.execute(
            """
            INSERT INTO bookings (id, partition, event_id, user_id, status, version, epoch, total_amount, currency,
                expires_at, attempts, extensions, exclusive, created_at, updated_at)
            SELECT '\(held.id)', partition, id, 'ann', 'EXPIRED', 3, 1, 4999, 'USD', now(), 0, 0, false, now(), now()
            FROM events WHERE id = '\(event.id)'
            """)
        let paid = try api.act("payments", held.id, Card.body(Card.good), by: ann)
        #expect(paid["status"]?.text == "CONFIRMED" && paid["version"]?.integer == 3)
        #expect(paid.status == 202 && paid["persisted"]?.bool == false)
        try await api.execute("DELETE FROM bookings WHERE id = '\(held.id)'")
        await api.startReconciler()
        let written = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(held.id)").by(ann))
        #expect(written["status"]?.text == "CONFIRMED")
    }

    @Test("a read checks with PostgreSQL whether this Redis is still the current one")
    func deposed() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let booked = try api.claim(event, by: ann, card: Card.good)
        _ = try await api.until({ $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(booked.id)").by(ann))
        await api.stopReconciler()
        // What other replicas do through a new Redis that this process does not know of.
        try await api.execute("UPDATE bookings SET status = 'CANCELLED', version = 4 WHERE id = '\(booked.id)'")
        #expect(try api.booking(booked.id, by: ann)["status"]?.text == "CONFIRMED", "same epoch: Redis answers")
        try await api.execute("UPDATE partitions SET epoch = epoch + 1")
        let read = try api.booking(booked.id, by: ann)
        #expect(read["status"]?.text == "CANCELLED" && read["version"]?.integer == 4)
        #expect(read.status == 200 && read["persisted"]?.bool == true)
        try await api.execute("UPDATE bookings SET status = 'CONFIRMED', version = 3 WHERE id = '\(booked.id)'")
        await api.startReconciler()
        // All partitions are recovered before the next test claims.
        try await api.until(0, "SELECT count(*) FROM partitions WHERE epoch < 3")
        try await api.untilReady()
    }

    @Test("a dead-lettered version is not reported as persisted, even if the cursor has passed it")
    func putAside() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let booked = try api.claim(event, by: ann, card: Card.good)
        let question = Request("GET", "/v1/bookings/\(booked.id)").by(ann)
        _ = try await api.until({ $0["persisted"]?.bool == true }, question)
        try await api.execute("UPDATE bookings SET version = 2 WHERE id = '\(booked.id)'")
        #expect(try api.ask(question)["persisted"]?.bool == true, "the cursor has passed it")
        try await api.execute(
            """
            INSERT INTO dead_letters (partition, stream_ms, stream_seq, entry, reason)
            SELECT partition, 1, 1, 'its version 3', 'a test' FROM bookings WHERE id = '\(booked.id)'
            """)
        let read = try api.ask(question)
        #expect(read["status"]?.text == "CONFIRMED" && read["persisted"]?.bool == false)
        try await api.execute("UPDATE bookings SET version = 3 WHERE id = '\(booked.id)'")
        #expect(try api.ask(question)["persisted"]?.bool == true)
        try await api.execute("DELETE FROM dead_letters")
    }

    @Test("members missing from an event's change keep their last value, persisted or not")
    func changesInARow() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 10)
        await api.stopReconciler()
        func patch(_ member: String) throws -> Int {
            let body = "{\"tiers\":[{\"id\":\"\(event.tier)\",\(member)}]}"
            return try api.ask(Request("PATCH", "/v1/events/\(event.id)", body).by(TestAPI.admin)).status
        }
        #expect(try patch("\"capacity\":5") == 200)
        #expect(try patch("\"unitAmount\":100") == 200)
        #expect(try api.left(event) == [5, 0, 0])
        // The capacity that PostgreSQL still has.
        #expect(try patch("\"capacity\":10") == 200)
        #expect(try api.left(event) == [10, 0, 0])
        #expect(try api.claim(event, by: TestAPI.newUser())["totalAmount"]?.integer == 100)
        await api.startReconciler()
        try await api.untilReady()
    }
}
