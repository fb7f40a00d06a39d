import Testing

/// A ticket with a price is never confirmed unpaid, except by a setting that allows it.
@Suite("Drop-in bookings of tickets with a price", .api { $0.allowsAnonymousReserve = true })
struct UnpaidTests {
    private func book(_ event: String, by user: String) throws -> Answer {
        try TestAPI.current.ask(Request("POST", "/api/bookings", "{\"eventId\":\"\(event)\"}").by(user))
    }

    private func reserve(_ event: String, service: Bool = false) throws -> Answer {
        let body = "{\"event_id\":\"\(event)\",\"user_id\":\"u\(UInt32.random(in: 0 ... .max))\"}"
        var request = Request("POST", "/api/bookings/reserve", body)
        if service { request = request.with("X-API-Key", "box-office-key-of-tests") }
        return try TestAPI.current.ask(request)
    }

    private func expectUnpaid(_ answer: Answer, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(answer.status == 402, "\(answer.text)", sourceLocation: sourceLocation)
        #expect(answer["message"]?.text == "Payment required", sourceLocation: sourceLocation)
        #expect(answer["error"]?.text == "Payment Required", sourceLocation: sourceLocation)
        #expect(answer.json?.names == ["statusCode", "message", "error"], sourceLocation: sourceLocation)
    }

    @Test("a ticket with a price is 402 for customers, and for reserve without a key; nothing is held")
    func costs() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 2)
        for _ in 0..<3 {
            expectUnpaid(try book(event.id, by: TestAPI.newUser()))
            expectUnpaid(try reserve(event.id))
        }
        #expect(try api.left(event) == [2, 0, 0])
        #expect(try await api.count("SELECT count(*) FROM bookings WHERE event_id = '\(event.id)'") == 0)
    }

    @Test("a service, which takes the money itself, may reserve it")
    func service() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1)
        #expect(try reserve(event.id, service: true).status == 201)
        #expect(try reserve(event.id, service: true).status == 409)
        #expect(try api.left(event) == [0, 0, 1])
        // No payment is required for a ticket that is not available.
        #expect(try book(event.id, by: TestAPI.newUser())["message"]?.text == "No tickets available")
    }

    @Test("free tickets are booked, until the cheapest available tier has a price")
    func free() throws {
        let api = try TestAPI.current
        let draft = """
            {"title":"Concert","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,
             "tiers":[{"name":"Seats","kind":"general","unitAmount":100,"capacity":1},
              {"name":"Standing","kind":"general","unitAmount":0,"capacity":2}]}
            """
        let event = try api.ask(Request("POST", "/v1/events", draft).by(TestAPI.admin))
        let first = try book(event.id, by: TestAPI.newUser())
        #expect(first.status == 201 && first["totalAmount"]?.integer == 0, "\(first.text)")
        #expect(try reserve(event.id).status == 201)
        expectUnpaid(try book(event.id, by: TestAPI.newUser()))
        expectUnpaid(try reserve(event.id))
    }
}
