import Support
import Testing

extension ContractTests {
    @Suite("Changing events")
    struct EventChangeTests {
        private func patch(_ event: String, _ body: String, ifMatch: String? = nil) throws -> Answer {
            var request = Request("PATCH", "/v1/events/\(event)", body).by(TestAPI.admin)
            if let ifMatch { request = request.with("If-Match", ifMatch) }
            return try TestAPI.current.ask(request)
        }

        @Test("members in the body change, others stay, and the next answer shows it")
        func changes() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 10, ",\"salesCloseAt\":\"2031-04-01T00:00:00Z\"")
            let answer = try patch(
                event.id,
                "{\"title\":\"New\",\"salesCloseAt\":null,\"tiers\":[{\"id\":\"\(event.tier)\",\"capacity\":20,\"name\":\"Hall\"}]}"
            )
            #expect(answer.status == 200, "\(answer.text)")
            let read = try api.ask(Request("GET", "/v1/events/\(event.id)"))
            for shown in [answer, read] {
                #expect(shown["title"]?.text == "New" && shown["salesCloseAt"]?.isNull == true)
                #expect(shown["startsAt"]?.text == "2031-05-01T18:00:00.000Z")
                #expect(shown["tiers"]?[0]?["capacity"]?.integer == 20)
                #expect(shown["tiers"]?[0]?["available"]?.integer == 20)
                #expect(shown["tiers"]?[0]?["name"]?.text == "Hall")
                #expect(shown["tiers"]?[0]?["unitAmount"]?.integer == 4999)
            }
        }

        @Test("If-Match is compared with the version; a stale one is 412")
        func versions() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let version = try #require(event.json.headers["x-event-version"])
            let changed = try patch(event.id, "{\"title\":\"A\"}", ifMatch: version)
            #expect(changed.status == 200 && changed.headers["x-event-version"] != version)
            try patch(event.id, "{\"title\":\"B\"}", ifMatch: version).expectProblem(412, "precondition-failed")
            for malformed in ["nonsense", "7", "", "*, \"1\"", "\"1", "w/\"1\""] {
                try patch(event.id, "{\"title\":\"B\"}", ifMatch: malformed).expectProblem(400, "invalid-request")
            }
            #expect(try patch(event.id, "{\"title\":\"B\"}", ifMatch: "*").status == 200)
            #expect(try api.ask(Request("GET", "/v1/events/\(event.id)"))["title"]?.text == "B")
        }

        @Test("If-Match is a list of tags, in any number of lines; only their versions are compared")
        func tags() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let tag = try #require(try api.ask(Request("GET", "/v1/events/\(event.id)")).headers["etag"])
            let version = event.json["version"]?.integer ?? 0
            #expect(tag.hasPrefix("\"\(version)."), "\(tag)")
            // Sales change the answer, but not the event.
            #expect(try api.claim(event, by: TestAPI.newUser()).status == 201)
            #expect(try patch(event.id, "{\"title\":\"v\"}", ifMatch: tag).status == 200)
            var current = version + 1
            func change(_ lines: [String]) throws -> Answer {
                var request = Request("PATCH", "/v1/events/\(event.id)", "{\"title\":\"v\(current)\"}")
                for line in lines { request = request.with("If-Match", line.replacing("CURRENT", with: "\(current)")) }
                let answer = try api.ask(request.by(TestAPI.admin))
                if answer.status == 200 { current += 1 }
                return answer
            }
            for lines in [
                ["\"CURRENT\""], ["\"1\"", "\"CURRENT\""], ["\"0\",\t\"CURRENT\""], ["\"0\" ,\"x,y\", \"CURRENT.ab\""],
                [", \"CURRENT\", ,"], ["W/\"0\"", "\"CURRENT.\""], ["\"a\\\", \"CURRENT\""], ["*"], ["\t* "],
            ] { #expect(try change(lines).status == 200, "\(lines)") }
            for lines in [
                ["\"1\""], ["W/\"CURRENT\""], ["\"CURRENT0\""], ["\"0CURRENT\""], ["\"\""], ["\"-CURRENT\""],
                ["\"CURRENT,CURRENT\""], ["\"99999999999999999999\""],
            ] { try change(lines).expectProblem(412, "precondition-failed") }
            for lines in [
                ["CURRENT"], [""], [","], ["\"CURRENT\"", "CURRENT"], ["*", "\"CURRENT\""], ["\"CURRENT\" \"1\""],
            ] {
                try change(lines).expectProblem(400, "invalid-request")
            }
        }

        @Test("a capacity cannot fall below what is held and sold")
        func committed() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 10)
            #expect(try api.claim(event, 4, by: TestAPI.newUser()).status == 201)
            let tier = "{\"tiers\":[{\"id\":\"\(event.tier)\",\"capacity\":"
            let refused = try patch(event.id, tier + "3}]}")
            refused.expectProblem(409, "capacity-below-committed")
            #expect(
                refused["detail"]?.text
                    == "Standing cannot have 3: 4 are taken (4 held, 0 sold, 0 blocked).", "\(refused.text)")
            #expect(try patch(event.id, tier + "4}]}").status == 200)
            #expect(try api.left(event) == [0, 4, 0])
            try api.claim(event, by: TestAPI.newUser()).expectProblem(409, "held-by-others")
            let sql = "SELECT capacity AS count FROM tiers WHERE id = '\(event.tier)'"
            var written = try await api.count(sql)
            for _ in 0..<500 where written != 4 {
                try await Task.sleep(for: .milliseconds(10))
                written = try await api.count(sql)
            }
            #expect(written == 4)
        }

        @Test("a new limit and price apply to the next claim; existing bookings keep theirs")
        func policy() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let user = TestAPI.newUser()
            let before = try api.claim(event, by: user)
            let body = "{\"maxBookingsPerUser\":1,\"tiers\":[{\"id\":\"\(event.tier)\",\"unitAmount\":1}]}"
            #expect(try patch(event.id, body).status == 200)
            try api.claim(event, by: user).expectProblem(409, "already-booked")
            #expect(try api.claim(event, by: TestAPI.newUser())["totalAmount"]?.integer == 1)
            #expect(try api.booking(before.id, by: user)["totalAmount"]?.integer == 4999)
        }

        @Test(
            "changes of fixed members are refused",
            arguments: [
                ("{\"currency\":\"EUR\"}", "/currency"), ("{\"venueId\":null}", "/venueId"),
                ("{\"publish\":true}", "/publish"), ("{\"title\":null}", "/title"),
                ("{\"holdSeconds\":0}", "/holdSeconds"),
                ("{\"tiers\":[{\"id\":\"00000000-0000-4000-8000-000000000000\"}]}", "/tiers/0/id"),
                (
                    "{\"salesOpenAt\":\"2031-01-02T00:00:00Z\",\"salesCloseAt\":\"2031-01-01T00:00:00Z\"}",
                    "/salesCloseAt"
                ),
            ])
        func refusals(body: String, pointer: String) throws {
            let api = try TestAPI.current
            let answer = try patch(try api.event().id, body)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == [pointer], "\(answer.text)")
            let hall = try TestHall(api)
            try patch(hall.event, "{\"tiers\":[{\"id\":\"\(hall.tiers["Front"] ?? "")\",\"capacity\":3}]}")
                .expectProblem(400, "invalid-request")
        }

        @Test("drafts can change too, and customers never see them")
        func drafts() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Draft","startsAt":"2031-05-01T18:00:00Z","currency":"USD",
                 "tiers":[{"name":"T","kind":"general","unitAmount":1,"capacity":2}]}
                """
            let draft = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            #expect(draft.status == 201)
            #expect(try patch(draft.id, "{\"currency\":\"EUR\"}").status == 200)
            let path = "/v1/events/\(draft.id)"
            try api.ask(Request("GET", path)).expectProblem(404, "event-not-found")
            try api.ask(Request("GET", path + "/seats")).expectProblem(404, "event-not-found")
            try api.ask(Request("GET", path).by(TestAPI.newUser())).expectProblem(404, "event-not-found")
            #expect(try api.ask(Request("GET", path).by(TestAPI.admin))["currency"]?.text == "EUR")
            try patch("999999", "{\"title\":\"x\"}").expectProblem(404, "event-not-found")
            try api.ask(Request("PATCH", path, "{}").by(TestAPI.newUser())).expectProblem(403, "forbidden")
        }

        @Test("a cancelled event sells nothing, and its holds are neither extended nor paid")
        func cancels() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let user = TestAPI.newUser()
            let held = try api.claim(event, by: user)
            for _ in 0..<2 {
                let answer = try api.ask(Request("POST", "/v1/events/\(event.id)/cancel", "{}").by(TestAPI.admin))
                #expect(answer.status == 200 && answer["status"]?.text == "cancelled", "\(answer.text)")
            }
            try api.claim(event, by: TestAPI.newUser()).expectProblem(409, "event-cancelled")
            for action in ["extend", "payments"] {
                let body = action == "extend" ? "{}" : Card.body(Card.good)
                let answer = try api.act(action, held.id, body, by: user)
                #expect(answer.status == 409, "\(answer.text)")
            }
            try api.ask(Request("POST", "/v1/events/\(event.id)/publish", "{}").by(TestAPI.admin))
                .expectProblem(409, "event-cancelled")
        }
    }
}
