import JSON
import Testing

extension ContractTests {
    @Suite("Reading events")
    struct EventReadTests {
        @Test("an event has exactly the members of the contract, and is read by id, number and HEAD")
        func shape() throws {
            let api = try TestAPI.current
            let event = try api.event(
                capacity: 7, ",\"description\":\"Loud\",\"salesCloseAt\":\"2031-01-01T00:00:00+01:00\"")
            #expect(event.json.headers["location"] == "/v1/events/\(event.id)")
            let read = try api.ask(Request("GET", "/v1/events/\(event.id)"))
            #expect(read.status == 200 && read.headers["content-type"] == "application/json")
            #expect(
                Set(read.json?.names ?? []) == [
                    "id", "number", "title", "description", "venue", "startsAt", "salesOpenAt", "salesCloseAt",
                    "cancelUntil", "timeZone",
                    "status", "currency", "holdSeconds", "maxTicketsPerUser", "maxBookingsPerUser", "tiers",
                    "remainingTickets", "version", "createdAt", "updatedAt",
                ])
            #expect(
                Set(read["tiers"]?[0]?.names ?? []) == [
                    "id", "name", "kind", "unitAmount", "currency", "capacity", "available",
                ])
            #expect(read["startsAt"]?.text == "2031-05-01T18:00:00.000Z")
            #expect(read["salesCloseAt"]?.text == "2030-12-31T23:00:00.000Z")
            #expect(read["status"]?.text == "published" && read["remainingTickets"]?.integer == 7)
            #expect(read["holdSeconds"]?.integer == 600 && read["maxTicketsPerUser"]?.integer == 10)
            #expect(read["maxBookingsPerUser"]?.isNull == true && read["salesOpenAt"]?.isNull == true)
            #expect(read.headers["x-event-version"] == "\"\(read["version"]?.integer ?? 0)\"")
            #expect(event.json.headers["x-event-version"] == read.headers["x-event-version"])
            let byNumber = try api.ask(Request("GET", "/v1/events/\(event.number)"))
            #expect(byNumber.body == read.body)
            let head = try api.ask(Request("HEAD", "/v1/events/\(event.id)"))
            #expect(head.status == 200 && head.body.isEmpty && head.headers["etag"] == read.headers["etag"])
            #expect(head.headers["content-length"] == "\(read.body.count)")
        }

        @Test("availability is live, and has the contract's shape")
        func availability() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 9)
            let path = "/v1/events/\(event.number)/availability"
            let before = try api.ask(Request("GET", path))
            #expect(before.status == 200)
            #expect(before.json?.names == ["eventId", "seq", "asOf", "tiers"])
            #expect(before["eventId"]?.text == event.id)
            #expect(
                before["tiers"]?[0]?.names == ["tierId", "capacity", "available", "held", "sold", "blocked"])
            #expect(try api.claim(event, 4, by: TestAPI.newUser()).status == 201)
            let after = try api.ask(Request("GET", path))
            #expect(after["tiers"]?[0]?["available"]?.integer == 5 && after["tiers"]?[0]?["held"]?.integer == 4)
            #expect(after["seq"]?.integer ?? 0 > before["seq"]?.integer ?? 0)
            let read = try api.ask(Request("GET", "/v1/events/\(event.id)"))
            #expect(read["remainingTickets"]?.integer == 5 && read["tiers"]?[0]?["available"]?.integer == 5)
        }

        @Test("an event that does not exist is 404", arguments: ["abc", "0", "-1", "007", "999999", "+1", "1e2"])
        func unknown(id: String) throws {
            let api = try TestAPI.current
            try api.ask(Request("GET", "/v1/events/\(id)")).expectProblem(404, "event-not-found")
            try api.ask(Request("GET", "/v1/events/\(id)/availability")).expectProblem(404, "event-not-found")
        }
    }
}
