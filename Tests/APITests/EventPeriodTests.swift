import Testing

extension ContractTests {
    /// What the catalogue lists when, and to whom.
    @Suite("Periods of the list")
    struct EventPeriodTests {
        /// Events found by one word: to come, begun but still on sale, past, past long ago, cancelled, a draft.
        private func make(_ word: String) throws {
            let api = try TestAPI.current
            for (title, members) in [
                ("future", "\"startsAt\":\"2031-02-01T00:00:00Z\",\"publish\":true"),
                ("running", "\"startsAt\":\"2022-01-01T00:00:00Z\",\"salesCloseAt\":null,\"publish\":true"),
                ("past", "\"startsAt\":\"2021-01-01T00:00:00Z\",\"publish\":true"),
                (
                    "older",
                    "\"startsAt\":\"2020-01-01T00:00:00Z\",\"salesCloseAt\":\"2019-01-01T00:00:00Z\",\"publish\":true"
                ),
                ("gone", "\"startsAt\":\"2031-03-01T00:00:00Z\",\"publish\":true"),
                ("draft", "\"startsAt\":\"2031-04-01T00:00:00Z\""),
            ] {
                let body = """
                    {"title":"\(title) \(word)","currency":"USD",\(members),
                     "tiers":[{"name":"T","kind":"general","unitAmount":1,"capacity":5}]}
                    """
                let answer = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
                try #require(answer.status == 201, "\(answer.text)")
                guard title == "gone" else { continue }
                let cancelled = try api.ask(Request("POST", "/v1/events/\(answer.id)/cancel").by(TestAPI.admin))
                try #require(cancelled.status == 200)
            }
        }

        private func titles(_ query: String, by token: String? = nil, path: String = "/v1/events") throws -> [String] {
            let request = Request("GET", "\(path)?\(query)")
            let answer = try TestAPI.current.ask(token.map { request.by($0) } ?? request)
            #expect(answer.status == 200, "\(answer.text)")
            return answer["data"]?.elements.compactMap {
                $0["title"]?.text?.split(separator: " ").first.map(String.init)
            } ?? []
        }

        @Test("upcoming events are listed unless a period is given", arguments: ["/v1/events", "/api/events"])
        func periods(path: String) throws {
            let word = path == "/v1/events" ? "periodone" : "periodtwo"
            try make(word)
            let search = "search=\(word)"
            #expect(try titles(search, path: path) == ["running", "future"])
            #expect(try titles(search + "&period=", path: path) == ["running", "future"])
            #expect(try titles(search + "&period=upcoming&sortOrder=desc", path: path) == ["future", "running"])
            #expect(try titles(search + "&period=past&sortOrder=desc", path: path) == ["past", "older"])
            let all = ["older", "past", "running", "future", "gone"]
            #expect(try titles(search + "&period=all", path: path) == all)
            #expect(try titles(search + "&period=all&limit=2&page=2", path: path) == ["running", "future"])
            #expect(try TestAPI.current.ask(Request("GET", "\(path)?period=soon")).status == 400)
        }

        @Test("only administrators list by status, drafts included")
        func statuses() throws {
            let api = try TestAPI.current
            try make("statusword")
            let search = "search=statusword"
            #expect(try titles(search + "&status=draft", by: TestAPI.admin) == ["draft"])
            #expect(try titles(search + "&status=cancelled", by: TestAPI.admin) == ["gone"])
            #expect(
                try titles(search + "&status=published", by: TestAPI.admin) == ["older", "past", "running", "future"])
            #expect(
                try titles(search + "&status=published&period=past&sortOrder=desc", by: TestAPI.admin)
                    == ["past", "older"])
            #expect(try titles(search + "&status=draft&period=past", by: TestAPI.admin) == [])
            #expect(try titles(search + "&period=all", by: TestAPI.admin).contains("draft") == false)
            for status in ["draft", "published", "cancelled"] {
                let request = Request("GET", "/v1/events?\(search)&status=\(status)")
                try api.ask(request).expectProblem(403, "forbidden")
                try api.ask(request.by(TestAPI.newUser())).expectProblem(403, "forbidden")
            }
            let listed = try api.ask(Request("GET", "/v1/events?\(search)&status=draft").by(TestAPI.admin))
            #expect(listed.headers["cache-control"] == "no-store")
            #expect(try api.ask(Request("GET", "/v1/events?status=sold").by(TestAPI.admin)).status == 400)
        }

        @Test("to all but administrators, a draft's number does not exist")
        func draftNumbers() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Secret","startsAt":"2031-02-01T00:00:00Z","currency":"USD",
                 "tiers":[{"name":"T","kind":"general","unitAmount":1,"capacity":5}]}
                """
            let draft = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            let number = draft["number"]?.integer ?? 0
            let ann = TestAPI.newUser()
            for request in [
                Request("GET", "/v1/bookings?eventId=\(number)"), Request("GET", "/v1/events/\(number)"),
                Request("GET", "/v1/events/\(number)/availability"), Request("GET", "/v1/events/\(number)/seats"),
                Request("GET", "/v1/events/\(number)/stream"),
                Request(
                    "POST", "/v1/bookings",
                    "{\"eventId\":\(number),\"items\":[{\"tierId\":\"\(draft.id)\",\"quantity\":1}]}"),
            ] {
                try api.ask(request.by(ann)).expectProblem(404, "event-not-found")
            }
            #expect(try api.ask(Request("GET", "/v1/events/\(number)").by(TestAPI.admin)).status == 200)
            #expect(try api.ask(Request("POST", "/v1/events/\(number)/publish").by(TestAPI.admin)).status == 200)
            #expect(try api.ask(Request("GET", "/v1/bookings?eventId=\(number)").by(ann)).status == 200)
        }
    }
}
