import JSON
import Support
import Testing

@Suite("Auditing an event", .api { $0.persistWait = .milliseconds(500) }, .serialized)
struct AuditTests {
    private func audit(_ event: String) throws -> Answer {
        try TestAPI.current.ask(Request("GET", "/v1/admin/audit/events/\(event)").by(TestAPI.admin))
    }

    private func repair(_ event: String, _ query: String = "?dryRun=false") throws -> Answer {
        try TestAPI.current.ask(
            Request("POST", "/v1/admin/audit/events/\(event)/repair\(query)", "{}").by(TestAPI.admin))
    }

    /// The hash tag of a booking's partition.
    private func tag(_ booking: String) -> String { "{p\(Int(booking.dropFirst(15).prefix(3), radix: 16) ?? 0)}:" }

    private func details(_ answer: Answer) -> String {
        answer["drift"]?.elements.compactMap { $0["detail"]?.text }.joined(separator: "\n") ?? "none"
    }

    /// An event with a hold, a paid booking and a cancelled one.
    private func used() throws -> (event: TestEvent, held: Answer, sold: Answer, user: String) {
        let api = try TestAPI.current
        let event = try api.event()
        let user = TestAPI.newUser()
        let held = try api.claim(event, 2, by: user)
        let sold = try api.claim(event, 3, by: user, card: Card.good)
        let gone = try api.claim(event, 4, by: user)
        _ = try api.act("cancel", gone.id, by: user)
        return (event, held, sold, user)
    }

    /// Repairs, and checks that the repair is complete and that the live hold still belongs to its owner.
    private func expectRepair(
        _ event: TestEvent, _ held: Answer, _ user: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let api = try TestAPI.current
        let dry = try repair(event.id, "")
        #expect(dry["verdict"]?.text == "drift", sourceLocation: sourceLocation)
        #expect(dry["actions"]?.elements.isEmpty == false, sourceLocation: sourceLocation)
        #expect(
            try audit(event.id)["verdict"]?.text == "drift", "a dry run fixes nothing", sourceLocation: sourceLocation)
        let done = try repair(event.id)
        #expect(done["verdict"]?.text == "ok", "\(done.text)", sourceLocation: sourceLocation)
        #expect(done["actions"]?.elements.isEmpty == false, sourceLocation: sourceLocation)
        #expect(try audit(event.id)["verdict"]?.text == "ok", sourceLocation: sourceLocation)
        #expect(try api.left(event) == [95, 2, 3], sourceLocation: sourceLocation)
        let paid = try await api.until(
            { $0.status < 500 }, Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.good)).by(user))
        #expect(paid["status"]?.text == "CONFIRMED", "\(paid.text)", sourceLocation: sourceLocation)
        #expect(try audit(event.id)["verdict"]?.text == "ok", sourceLocation: sourceLocation)
    }

    @Test("both stores agree, before and after persisting")
    func agree() async throws {
        let api = try TestAPI.current
        let (event, _, _, user) = try used()
        let answer = try audit(event.id)
        #expect(answer.status == 200 && answer["verdict"]?.text == "ok", "\(answer.text)")
        #expect(answer.json?.names == ["eventId", "verdict", "redis", "postgres", "drift", "lastStreamId", "asOf"])
        let redis = answer["redis"]?["tiers"]?[0]
        #expect(redis?.names == ["tierId", "capacity", "available", "held", "sold", "blocked"])
        #expect(redis?["available"]?.integer == 95 && redis?["held"]?.integer == 2 && redis?["sold"]?.integer == 3)
        await api.stopReconciler()
        _ = try api.claim(event, 5, by: user)
        let ahead = try audit("\(event.number)")
        #expect(ahead["verdict"]?.text == "ok", "\(ahead.text)")
        #expect(ahead["redis"]?["tiers"]?[0]?["held"]?.integer == 7)
        #expect(ahead["postgres"]?["tiers"]?[0]?["held"]?.integer == 2)
        await api.startReconciler()
        #expect(try api.ask(Request("GET", "/v1/admin/audit/events/\(event.id)")).status == 401)
        #expect(try api.ask(Request("GET", "/v1/admin/audit/events/\(event.id)").by(user)).status == 403)
        try audit("99999").expectProblem(404, "event-not-found")
    }

    @Test("a counter changed by hand is found, explained and repaired")
    func counter() async throws {
        let api = try TestAPI.current
        let (event, held, _, user) = try used()
        try await api.set(event.tier, of: event.id, to: [100, 96, 2, 3, 0])
        let answer = try audit(event.id)
        #expect(answer["verdict"]?.text == "drift" && details(answer).contains("breaks the law"))
        #expect(answer["drift"]?[0]?["tierId"]?.text == event.tier)
        try await expectRepair(event, held, user)
    }

    @Test("terms of sale changed by hand, in either store, are found and repaired")
    func terms() async throws {
        let api = try TestAPI.current
        for change in [
            "UPDATE events SET starts_at = starts_at + interval '1 day'", "UPDATE events SET cancel_until = 'infinity'",
            "UPDATE events SET hold_seconds = 1", "UPDATE events SET max_tickets_per_user = 99",
            "UPDATE events SET status = 'cancelled'", "UPDATE events SET currency = 'EUR'",
        ] {
            let event = try api.event()
            #expect(try audit(event.id)["verdict"]?.text == "ok")
            try await api.execute(change + " WHERE id = '\(event.id)'")
            let found = try audit(event.id)
            #expect(found["verdict"]?.text == "drift" && details(found).contains("PostgreSQL has"), "\(change)")
            #expect(try repair(event.id)["verdict"]?.text == "ok", "\(change)")
        }
        let (event, held, _, user) = try used()
        try await api.execute("UPDATE tiers SET unit_amount = 1 WHERE id = '\(event.tier)'")
        #expect(details(try audit(event.id)).contains("unitAmount 4999; by the records it is 1"))
        try await api.execute("UPDATE tiers SET unit_amount = 4999 WHERE id = '\(event.tier)'")
        try await api.change(of: event.id) { $0[2] = "1" }
        #expect(details(try audit(event.id)).contains("salesCloseAt"))
        try await expectRepair(event, held, user)
    }

    @Test("an amount changed by hand, of a hold or a sale, is found but not repaired")
    func amounts() async throws {
        let api = try TestAPI.current
        let (event, held, sold, _) = try used()
        _ = try await api.until(
            { $0["verdict"]?.text == "ok" }, Request("GET", "/v1/admin/audit/events/\(event.id)").by(TestAPI.admin))
        for booking in [held.id, sold.id] {
            try await api.execute("UPDATE bookings SET total_amount = 1 WHERE id = '\(booking)'")
            let found = try audit(event.id)
            #expect(found["verdict"]?.text == "drift", "\(found.text)")
            #expect(found["drift"]?.elements.contains { $0["bookingId"]?.text == booking } == true)
            #expect(details(found).contains("PostgreSQL has it at 1"))
        }
        let left = try repair(event.id)
        #expect(left["verdict"]?.text == "drift" && left["actions"]?.elements.isEmpty == false, "\(left.text)")
        // With the items changed too, the amount is consistent in PostgreSQL but differs from what was paid, or from
        // Redis.
        for (booking, count) in [(held.id, 2), (sold.id, 3)] {
            try await api.execute("UPDATE booking_items SET unit_amount = 1 WHERE booking_id = '\(booking)'")
            try await api.execute("UPDATE bookings SET total_amount = \(count) WHERE id = '\(booking)'")
        }
        let both = try audit(event.id)
        for booking in [held.id, sold.id] {
            #expect(both["drift"]?.elements.contains { $0["bookingId"]?.text == booking } == true, "\(both.text)")
        }
        for (booking, count) in [(held.id, 2), (sold.id, 3)] {
            try await api.execute("UPDATE booking_items SET unit_amount = 4999 WHERE booking_id = '\(booking)'")
            try await api.execute("UPDATE bookings SET total_amount = \(count * 4999) WHERE id = '\(booking)'")
        }
        #expect(try audit(event.id)["verdict"]?.text == "ok")
    }

    @Test("blocks are listed after a recovery as before it")
    func blocks() async throws {
        let api = try TestAPI.current
        let (event, _, _, _) = try used()
        let path = "/v1/events/\(event.id)/blocks"
        let body = "{\"tierId\":\"\(event.tier)\",\"quantity\":4}"
        let made = try api.ask(Request("POST", path, body).by(TestAPI.admin).keyed("b"))
        #expect(made.status == 201, "\(made.text)")
        try await api.set(event.tier, of: event.id, to: [100, 92, 2, 3, 4])
        #expect(try repair(event.id)["verdict"]?.text == "ok")
        let listed = try api.ask(Request("GET", path).by(TestAPI.admin))
        #expect(listed["data"]?.elements.map { $0["id"]?.text } == [made.id], "\(listed.text)")
        #expect(listed["data"]?[0]?["quantity"]?.integer == 4)
        try api.ask(Request("POST", path, body).by(TestAPI.admin).keyed("b")).expectReplay(of: made)
        #expect(try audit(event.id)["verdict"]?.text == "ok")
    }

    @Test("a deleted hold is found and restored")
    func hold() async throws {
        let api = try TestAPI.current
        let (event, held, _, user) = try used()
        try await api.forget(held.id)
        let answer = try await api.until(
            { $0["verdict"]?.text == "drift" }, Request("GET", "/v1/admin/audit/events/\(event.id)").by(TestAPI.admin))
        #expect(answer["drift"]?.elements.contains { $0["bookingId"]?.text == held.id } == true, "\(answer.text)")
        #expect(details(answer).contains("Redis lacks the hold"))
        try await expectRepair(event, held, user)
    }

    @Test("removed rows, of a hold and of a sale, are found and persisted again from Redis")
    func rows() async throws {
        let api = try TestAPI.current
        let (event, held, sold, user) = try used()
        _ = try await api.until(
            { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(held.id)").by(user))
        for booking in [held.id, sold.id] {
            for table in ["booking_items WHERE booking_id", "payments WHERE booking_id", "bookings WHERE id"] {
                try await api.execute("DELETE FROM \(table) = '\(booking)'")
            }
        }
        let answer = try audit(event.id)
        #expect(answer["verdict"]?.text == "drift")
        for booking in [held.id, sold.id] {
            #expect(answer["drift"]?.elements.contains { $0["bookingId"]?.text == booking } == true, "\(answer.text)")
        }
        #expect(details(answer).contains("its bookings have 0 and 0"))
        try await expectRepair(event, held, user)
        let read = try api.booking(sold.id, by: user)
        #expect(read["status"]?.text == "CONFIRMED" && read["persisted"]?.bool == true)
    }

    @Test("a changed seat byte and a removed seat row are found, by seat name, and repaired")
    func seat() async throws {
        let api = try TestAPI.current
        let hall = try TestHall(api)
        let user = TestAPI.newUser()
        let seats = try hall.seats(api)
        let held = try hall.claim(api, "{\"seatIds\":[\"\(seats["A 1 2"] ?? "")\"]}", by: user)
        #expect(held.status == 201)
        let sold = try hall.claim(api, "{\"seatIds\":[\"\(seats["A 2 3"] ?? "")\"]}", by: user, card: Card.good)
        #expect(sold.status == 201)
        #expect(try audit(hall.event)["verdict"]?.text == "ok")
        // Marks the first row's second seat as free, and the fifth as held without a hold.
        try await api.redis("SETRANGE", tag(held.id) + "s:" + hall.event, "1", ".")
        try await api.redis("SETRANGE", tag(held.id) + "s:" + hall.event, "4", "h")
        try await api.execute("DELETE FROM event_seats WHERE booking_id = '\(sold.id)'")
        let answer = try audit(hall.event)
        #expect(answer["verdict"]?.text == "drift")
        #expect(details(answer).contains("seat A 1 2 free; by the records it is held"), "\(answer.text)")
        #expect(details(answer).contains("seat A 1 5 held; by the records it is free"))
        #expect(details(answer).contains("Seat A 2 3 is free in event_seats"))
        #expect(try repair(hall.event)["verdict"]?.text == "ok")
        let now = try hall.statuses(api)
        #expect(now["A 1 2"] == "held" && now["A 1 5"] == "available" && now["A 2 3"] == "sold")
    }
}
