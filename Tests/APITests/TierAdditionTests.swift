import JSON
import Testing

extension ContractTests {
    @Suite("Adding tiers")
    struct TierAdditionTests {
        private func patch(_ event: String, _ tiers: String, ifMatch: String? = nil) throws -> Answer {
            let request = Request("PATCH", "/v1/events/\(event)", "{\"tiers\":[\(tiers)]}").by(TestAPI.admin)
            return try TestAPI.current.ask(ifMatch.map { request.with("If-Match", $0) } ?? request)
        }

        private func tier(_ name: String, _ capacity: Int = 5, price: Int = 300) -> String {
            "{\"name\":\"\(name)\",\"kind\":\"general\",\"unitAmount\":\(price),\"capacity\":\(capacity)}"
        }

        private func names(_ answer: Answer) -> [String] {
            answer["tiers"]?.elements.compactMap { $0["name"]?.text } ?? []
        }

        @Test("tiers are appended, to drafts and to published events, in the same order everywhere")
        func order() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 9)
            var expected = ["Standing"]
            for round in 1...6 {
                let added = try patch(event.id, tier("T\(round)") + "," + tier("U\(round)"))
                expected += ["T\(round)", "U\(round)"]
                try #require(added.status == 200, "\(added.text)")
                #expect(names(added) == expected)
            }
            let shown = try api.ask(Request("GET", "/v1/events/\(event.id)"))
            #expect(names(shown) == expected && shown["remainingTickets"]?.integer == 9 + 12 * 5)
            let ids = shown["tiers"]?.elements.compactMap { $0["id"]?.text } ?? []
            func tiers(_ answer: [JSONValue]?) -> [String] { answer?.compactMap { $0["tierId"]?.text } ?? [] }
            let left = try api.ask(Request("GET", "/v1/events/\(event.id)/availability"))
            #expect(tiers(left["tiers"]?.elements) == ids)
            let audit = try await api.until(
                { $0["verdict"]?.text == "ok" },
                Request("GET", "/v1/admin/audit/events/\(event.id)").by(TestAPI.admin))
            #expect(audit["verdict"]?.text == "ok", "\(audit.text)")
            #expect(tiers(audit["redis"]?["tiers"]?.elements) == ids)
            #expect(tiers(audit["postgres"]?["tiers"]?.elements) == ids)
            // A claim that names the tiers in another order.
            let items = [5, 1, 3].map { "{\"tierId\":\"\(ids[$0])\",\"quantity\":1}" }.joined(separator: ",")
            let claimed = try api.ask(
                Request("POST", "/v1/bookings", "{\"eventId\":\"\(event.id)\",\"items\":[\(items)]}")
                    .by(TestAPI.newUser()))
            #expect(claimed.status == 201, "\(claimed.text)")
            #expect(tiers(claimed["availability"]?.elements) == [ids[1], ids[3], ids[5]])
            #expect(tiers(claimed["items"]?.elements) == [ids[1], ids[3], ids[5]])
            let rows = try await api.count(
                "SELECT count(*) FROM tiers WHERE event_id = '\(event.id)' AND capacity > 0")
            #expect(rows == 13)
        }

        @Test("a draft's tiers are added too, and published in their order")
        func drafts() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Draft","startsAt":"2031-02-01T00:00:00Z","currency":"USD","tiers":[\(tier("First"))]}
                """
            let draft = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            #expect(names(try patch(draft.id, tier("Second", 7))) == ["First", "Second"])
            let published = try api.ask(Request("POST", "/v1/events/\(draft.id)/publish").by(TestAPI.admin))
            #expect(names(published) == ["First", "Second"] && published["remainingTickets"]?.integer == 12)
        }

        @Test("an invalid tier, or one too many, is refused and nothing is added")
        func refusals() throws {
            let api = try TestAPI.current
            let event = try api.event()
            for (wrong, pointer) in [
                ("{\"name\":\"A\",\"kind\":\"seated\",\"unitAmount\":1,\"sections\":[\"A\"]}", "/tiers/0/capacity"),
                ("{\"name\":\"A\",\"kind\":\"seated\",\"unitAmount\":1,\"capacity\":1}", "/tiers/0/kind"),
                ("{\"name\":\" \",\"kind\":\"general\",\"unitAmount\":1,\"capacity\":1}", "/tiers/0/name"),
                ("{\"kind\":\"general\",\"unitAmount\":1,\"capacity\":1}", "/tiers/0/name"),
                ("{\"name\":\"A\",\"unitAmount\":1,\"capacity\":1}", "/tiers/0/kind"),
                ("{\"name\":\"A\",\"kind\":\"general\",\"unitAmount\":1,\"capacity\":0}", "/tiers/0/capacity"),
                ("{\"id\":\"\(event.tier)\",\"kind\":\"general\"}", "/tiers/0/kind"),
            ] {
                let refused = try patch(event.id, wrong)
                refused.expectProblem(400, "invalid-request")
                #expect(refused.pointers.contains(pointer), "\(refused.text)")
            }
            try patch(event.id, tier("Stale"), ifMatch: "\"1\"").expectProblem(412, "precondition-failed")
            let many = (1...49).map { tier("T\($0)", 1) }.joined(separator: ",")
            #expect(try patch(event.id, many).status == 200)
            try patch(event.id, tier("T50")).expectProblem(400, "invalid-request")
            let shown = try api.ask(Request("GET", "/v1/events/\(event.id)"))
            #expect(names(shown).count == 50 && !names(shown).contains("Stale"))
        }

        @Test("a tier whose addition is refused is not visible, and a retry completes it")
        func unfinished() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 9)
            #expect(try api.claim(event, 4, by: TestAPI.newUser()).status == 201)
            let less = "{\"id\":\"\(event.tier)\",\"capacity\":3}"
            let refused = try patch(event.id, tier("Balcony") + "," + less)
            refused.expectProblem(409, "capacity-below-committed")
            #expect(refused["detail"]?.text?.contains("Standing cannot have 3: 4 are taken (4 held") == true)
            #expect(names(try api.ask(Request("GET", "/v1/events/\(event.id)"))) == ["Standing"])
            let audit = try api.ask(Request("GET", "/v1/admin/audit/events/\(event.id)").by(TestAPI.admin))
            #expect(audit["verdict"]?.text == "ok", "\(audit.text)")
            #expect(names(try patch(event.id, tier("Balcony"))) == ["Standing", "Balcony"])
            let rows = try await api.count("SELECT count(*) FROM tiers WHERE event_id = '\(event.id)'")
            #expect(rows == 2)
        }
    }
}
