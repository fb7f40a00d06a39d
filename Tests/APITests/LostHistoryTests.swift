import Testing

@Suite("A history that Redis lost", .api { $0.persistWait = .milliseconds(100) }, .serialized)
struct LostHistoryTests {
    @Test("is not the one that goes on: a version of the same number is no proof that this one is written down")
    func sameNumber() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        await api.stopReconciler()
        let held = try api.claim(event, by: ann)
        // The hold lapsed in the history that was written down; paying it makes versions 2 and 3.
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

    @Test("is not told by a Redis that others have moved on from: a read asks PostgreSQL whether it still counts")
    func deposed() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let booked = try api.claim(event, by: ann, card: Card.good)
        _ = try await api.until({ $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(booked.id)").by(ann))
        await api.stopReconciler()
        // What others do by a Redis that this copy was not told of.
        try await api.execute("UPDATE bookings SET status = 'CANCELLED', version = 4 WHERE id = '\(booked.id)'")
        #expect(try api.booking(booked.id, by: ann)["status"]?.text == "CONFIRMED", "of the same epoch Redis tells")
        try await api.execute("UPDATE partitions SET epoch = epoch + 1")
        let read = try api.booking(booked.id, by: ann)
        #expect(read["status"]?.text == "CANCELLED" && read["version"]?.integer == 4)
        #expect(read.status == 200 && read["persisted"]?.bool == true)
        await api.startReconciler()
        try await api.untilReady()
    }
}
