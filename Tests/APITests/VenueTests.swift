import Testing

extension ContractTests {
    @Suite("Venues")
    struct VenueTests {
        @Test("a hall is returned as it was sent, and is in the list")
        func reads() throws {
            let api = try TestAPI.current
            let body = "{\"name\":\"Opera\",\"sections\":\(TestHall.layout)}"
            let made = try api.ask(Request("POST", "/v1/venues", body).by(TestAPI.admin))
            #expect(made.status == 201 && made.headers["location"] == "/v1/venues/\(made.id)", "\(made.text)")
            let read = try api.ask(Request("GET", "/v1/venues/\(made.id)"))
            #expect(read.body == made.body && read["seatCount"]?.integer == 14)
            #expect(read["sections"]?[1]?["rows"]?[0]?["seats"]?.elements.map(\.text) == ["a", "b", "c", "d"])
            let list = try api.ask(Request("GET", "/v1/venues?limit=100"))
            #expect(list["data"]?.elements.contains { $0["id"]?.text == made.id } == true)
            let page = try api.ask(Request("GET", "/v1/venues?limit=1"))
            #expect(page["data"]?.elements.count == 1)
        }

        @Test(
            "an invalid hall is refused",
            arguments: [
                ("{\"name\":\" \",\"sections\":\(TestHall.layout)}", "/name"),
                (
                    "{\"name\":\"x\",\"sections\":\(TestHall.layout.replacing("\"A\"", with: "\"\u{3000}\""))}",
                    "/sections/0/name"
                ),
                (
                    "{\"name\":\"x\",\"sections\":[{\"name\":\"A\",\"rows\":[{\"name\":\"1\",\"seats\":[\" \"]}]}]}",
                    "/sections/0/rows/0/seats"
                ),
                ("{\"name\":\"x\"}", "/sections"), ("{\"name\":\"x\",\"sections\":[]}", "/sections"),
                (
                    "{\"name\":\"x\",\"sections\":[{\"name\":\"A\",\"rows\":[{\"name\":\"1\",\"seats\":[]}]}]}",
                    "/sections/0/rows/0/seats"
                ),
                (
                    "{\"name\":\"x\",\"sections\":[{\"name\":\"A\",\"rows\":[{\"name\":\"1\",\"seats\":[\"1\",\"1\"]}]}]}",
                    "/sections/0/rows/0/seats"
                ),
                (
                    "{\"name\":\"x\",\"sections\":[{\"name\":\"A\",\"rows\":[{\"name\":\"1\",\"seats\":[\"\\u001f\"]}]}]}",
                    "/sections/0/rows/0/seats"
                ),
            ])
        func refusals(body: String, pointer: String) throws {
            let api = try TestAPI.current
            let answer = try api.ask(Request("POST", "/v1/venues", body).by(TestAPI.admin))
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == [pointer], "\(answer.text)")
        }

        @Test("each section of an event belongs to one tier")
        func sections() throws {
            let api = try TestAPI.current
            let body = "{\"name\":\"Opera\",\"sections\":\(TestHall.layout)}"
            let venue = try api.ask(Request("POST", "/v1/venues", body).by(TestAPI.admin)).id
            func make(_ first: String, _ second: String, _ venue: String) throws -> Answer {
                let tier = "{\"name\":\"T\",\"kind\":\"seated\",\"unitAmount\":1,\"sections\":"
                let body = """
                    {"title":"x","startsAt":"2031-05-01T18:00:00Z","currency":"USD"\(venue),
                     "tiers":[\(tier)\(first)},\(tier)\(second)}]}
                    """
                return try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            }
            let named = ",\"venueId\":\"\(venue)\""
            #expect(try make("[\"A\"]", "[\"B\"]", named).status == 201)
            try make("[\"A\"]", "[\"A\"]", named).expectProblem(400, "invalid-request")
            try make("[\"A\"]", "[\"C\"]", named).expectProblem(400, "invalid-request")
            try make("[\"A\"]", "[\"B\"]", "").expectProblem(400, "invalid-request")
            try make("[\"A\"]", "[\"B\"]", ",\"venueId\":\"00000000-0000-4000-8000-000000000000\"")
                .expectProblem(404, "venue-not-found")
            try api.ask(Request("GET", "/v1/venues/x")).expectProblem(404, "venue-not-found")
            try api.ask(Request("POST", "/v1/venues", body).by(TestAPI.newUser())).expectProblem(403, "forbidden")
        }
    }
}
