import Testing

@Suite(
    "Drop-in bookings of an installation that gives tickets away",
    .api {
        $0.allowsAnonymousReserve = true
        $0.allowsUnpaidTickets = true
    })
struct DropInBookingTests {
    private func reserve(_ event: String, _ user: String) throws -> Answer {
        try TestAPI.current.ask(
            Request("POST", "/api/bookings/reserve", "{\"event_id\":\(event),\"user_id\":\"\(user)\"}"))
    }

    private func expectError(
        _ answer: Answer, _ status: Int, _ error: String, _ message: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
        #expect(answer.json?.names == ["statusCode", "message", "error"], sourceLocation: sourceLocation)
        #expect(answer["error"]?.text == error, sourceLocation: sourceLocation)
        if let message { #expect(answer["message"]?.text == message, sourceLocation: sourceLocation) }
    }

    @Test("reserve books once per user, by the event's number")
    func reserves() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 2, ",\"maxBookingsPerUser\":1")
        let number = event.number
        let first = try reserve("\(number)", "user123")
        #expect(first.status == 201, "\(first.text)")
        #expect(first.json?.names == ["id", "event_id", "user_id", "created_at"])
        #expect(first["event_id"]?.integer == number && first["user_id"]?.text == "user123")
        expectError(
            try reserve("\(number)", "user123"), 409, "Conflict", "User user123 already booked for event \(number)")
        #expect(try reserve("\"\(event.id)\"", "user124").status == 201)
        expectError(
            try reserve("\(number)", "user125"), 409, "Conflict", "No available seats for event \(number)")
        expectError(try reserve("999999", "user125"), 404, "Not Found")
        for body in ["{}", "{\"event_id\":1}", "{\"user_id\":\"a\"}", "["] {
            expectError(try api.ask(Request("POST", "/api/bookings/reserve", body)), 400, "Bad Request")
        }
        let confirmed = try await api.count(
            "SELECT count(*) FROM bookings WHERE event_id = '\(event.id)' AND status = 'CONFIRMED'")
        #expect(confirmed == 2)
    }

    @Test("a booking is made at once, listed, and cancelled")
    func books() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1, ",\"maxBookingsPerUser\":1")
        let user = TestAPI.newUser()
        let body = "{\"eventId\":\"\(event.id)\"}"
        let booked = try api.ask(Request("POST", "/api/bookings", body).by(user))
        #expect(booked.status == 201 && booked["status"]?.text == "CONFIRMED", "\(booked.text)")
        expectError(try api.ask(Request("POST", "/api/bookings", body).by(user)), 409, "Conflict")
        expectError(
            try api.ask(Request("POST", "/api/bookings", body).by(TestAPI.newUser())), 409, "Conflict",
            "No tickets available")
        expectError(try api.ask(Request("POST", "/api/bookings", body)), 401, "Unauthorized")
        let list = try api.ask(Request("GET", "/api/bookings").by(user))
        #expect(list.json?.elements.map { $0["id"]?.text } == [booked.id])
        let gone = try api.ask(Request("DELETE", "/api/bookings/\(booked.id)").by(user))
        #expect(gone.status == 200 && gone["status"]?.text == "CANCELLED", "\(gone.text)")
        expectError(
            try api.ask(Request("DELETE", "/api/bookings/\(booked.id)").by(TestAPI.newUser())), 404, "Not Found")
        #expect(try api.ask(Request("POST", "/api/bookings", body).by(TestAPI.newUser())).status == 201)
    }

    @Test("the cheapest available tier is booked")
    func cheapest() throws {
        let api = try TestAPI.current
        let hall = try TestHall(api)
        let body = "{\"eventId\":\"\(hall.event)\"}"
        var totals: [Int64?] = []
        for _ in 0..<12 {
            totals.append(
                try api.ask(Request("POST", "/api/bookings", body).by(TestAPI.newUser()))["totalAmount"]?.integer)
        }
        #expect(totals == Array(repeating: 50, count: 10) + [100, 100])
    }

    @Test("events are returned as under /v1, errors in the older form")
    func events() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let read = try api.ask(Request("GET", "/api/events/\(event.number)"))
        #expect(read.status == 200 && read.id == event.id)
        #expect(try api.ask(Request("GET", "/api/events?limit=1"))["data"]?.elements.count == 1)
        expectError(try api.ask(Request("GET", "/api/events?limit=51")), 400, "Bad Request")
        expectError(try api.ask(Request("GET", "/api/events/999999")), 404, "Not Found")
    }
}

@Suite("Reserve for services only", .api())
struct ClosedReserveTests {
    @Test("without the setting a service's key is needed")
    func closed() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let request = Request("POST", "/api/bookings/reserve", "{\"event_id\":\(event.number),\"user_id\":\"a\"}")
        #expect(try api.ask(request).status == 401)
        #expect(try api.ask(request.by(TestAPI.newUser())).status == 403)
        #expect(try api.ask(request.with("X-API-Key", "box-office-key-of-tests")).status == 201)
    }
}
