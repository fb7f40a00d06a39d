import Testing

@Suite("Without a reconciler", .api { $0.persistWait = .milliseconds(100) }, .serialized)
struct NotPersistedTests {
    @Test("confirming is 202 with persisted: false; it is valid, and is persisted later")
    func unwritten() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        await api.stopReconciler()
        let booked = try api.claim(event, by: ann, card: Card.good)
        #expect(booked.status == 202 && booked["status"]?.text == "CONFIRMED" && booked["persisted"]?.bool == false)
        #expect(booked.headers["location"] == "/v1/bookings/\(booked.id)")
        #expect(booked.headers["preference-applied"] == nil)
        let async = try api.claim(event, by: ann, card: Card.good, prefer: "respond-async")
        #expect(async.status == 202 && async.headers["preference-applied"] == "respond-async")
        let held = try api.claim(event, by: ann)
        let paid = try api.act("payments", held.id, Card.body(Card.good), by: ann)
        #expect(paid.status == 202 && paid["status"]?.text == "CONFIRMED")
        let again = try api.act("payments", held.id, Card.body(Card.good), by: ann)
        #expect(again.status == 202 && again["version"]?.integer == paid["version"]?.integer)
        // The provider was called while no reconciler ran: the process itself has recorded the attempts.
        let attempts = "SELECT count(*) FROM payments WHERE booking_id IN ('\(booked.id)', '\(held.id)')"
        #expect(try await api.count(attempts + " AND status = 'PENDING' AND booking_version = 0") == 2)
        let cancelled = try api.act("cancel", held.id, by: ann)
        #expect(cancelled.status == 202 && cancelled["status"]?.text == "CANCELLED")
        let read = try api.booking(booked.id, by: ann)
        #expect(read.status == 200 && read["persisted"]?.bool == false)
        await api.startReconciler()
        let written = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(booked.id)").by(ann))
        #expect(written["persisted"]?.bool == true && written["status"]?.text == "CONFIRMED")
        #expect(try await api.count(attempts + " AND status = 'PENDING'") == 0)
        #expect(try api.act("payments", booked.id, Card.body(Card.good), by: ann).status == 200)
        let there = try api.ask(
            Request("POST", "/v1/bookings/\(booked.id)/payments", Card.body(Card.good)).by(ann)
                .with("Prefer", "respond-async"))
        #expect(there.status == 200 && there["persisted"]?.bool == true)
        #expect(there.headers["preference-applied"] == "respond-async")
    }

    @Test("reading an expired hold releases it and reports it, without a sweeper")
    func lapses() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"holdSeconds\":1")
        let ann = TestAPI.newUser()
        await api.stopReconciler()
        let held = try api.claim(event, by: ann)
        let read = try await api.until(
            { $0["status"]?.text == "EXPIRED" }, Request("GET", "/v1/bookings/\(held.id)").by(ann))
        #expect(read["status"]?.text == "EXPIRED")
        #expect(try api.left(event)[1] == 0)
        await api.startReconciler()
    }
}
