import RedisClient
import Testing

extension ContractTests {
    @Suite("Publishing events")
    struct PublishingTests {
        @Test("an event that was cancelled as a draft has an availability, though it was never on sale")
        func cancelledDraft() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Never","startsAt":"2031-05-01T18:00:00Z","currency":"EUR",
                 "tiers":[{"name":"All","kind":"general","unitAmount":1,"capacity":3}]}
                """
            let draft = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            #expect(try api.ask(Request("POST", "/v1/events/\(draft.id)/cancel").by(TestAPI.admin)).status == 200)
            let left = try api.ask(Request("GET", "/v1/events/\(draft.id)/availability"))
            #expect(left.status == 200 && left["tiers"]?[0]?["capacity"]?.integer == 3)
        }

        @Test("an event that was cancelled as a draft can still be changed")
        func cancelledDraftChanges() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Never","startsAt":"2031-05-01T18:00:00Z","currency":"EUR",
                 "tiers":[{"name":"All","kind":"general","unitAmount":1,"capacity":3}]}
                """
            let draft = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            let path = "/v1/events/\(draft.id)"
            #expect(try api.ask(Request("POST", path + "/cancel").by(TestAPI.admin)).status == 200)
            let changed = try api.ask(Request("PATCH", path, "{\"title\":\"Not at all\"}").by(TestAPI.admin))
            #expect(changed.status == 200 && changed["title"]?.text == "Not at all")
        }

        @Test("drafts are for administrators until they are published")
        func drafts() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Hidden","startsAt":"2031-05-01T18:00:00Z","currency":"EUR",
                 "tiers":[{"name":"All","kind":"general","unitAmount":1,"capacity":3}]}
                """
            let draft = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            #expect(draft.status == 201 && draft["status"]?.text == "draft")
            let path = "/v1/events/\(draft.id)"
            for request in [
                Request("GET", path), Request("GET", path).by(TestAPI.newUser()), Request("GET", path).by("nonsense"),
                Request("GET", path + "/availability"),
            ] {
                try api.ask(request).expectProblem(404, "event-not-found")
            }
            let tier = draft["tiers"]?[0]?["id"]?.text ?? ""
            let claim = "{\"eventId\":\"\(draft.id)\",\"items\":[{\"tierId\":\"\(tier)\",\"quantity\":1}]}"
            try api.ask(Request("POST", "/v1/bookings", claim).by(TestAPI.newUser()))
                .expectProblem(404, "event-not-found")
            #expect(try api.ask(Request("GET", path).by(TestAPI.admin)).status == 200)
            let left = try api.ask(Request("GET", path + "/availability").by(TestAPI.admin))
            #expect(left.status == 200 && left["tiers"]?[0]?["available"]?.integer == 3)
            #expect(try !api.ask(Request("GET", "/v1/events?search=Hidden&limit=50")).text.contains(draft.id))

            let published = try api.ask(Request("POST", path + "/publish").by(TestAPI.admin))
            #expect(published.status == 200 && published["status"]?.text == "published")
            #expect(published["version"]?.integer == 2 && published.headers["x-event-version"] == "\"2\"")
            #expect(try api.ask(Request("POST", path + "/publish", "{}").by(TestAPI.admin)).status == 200)
            #expect(try api.ask(Request("GET", path)).status == 200)
            #expect(try api.ask(Request("POST", "/v1/bookings", claim).by(TestAPI.newUser())).status == 201)
        }

        @Test("only administrators create and publish events")
        func roles() throws {
            let api = try TestAPI.current
            let event = try api.event()
            for path in ["/v1/events", "/v1/events/\(event.id)/publish"] {
                let anonymous = try api.ask(Request("POST", path, "{}"))
                anonymous.expectProblem(401, "unauthorized")
                #expect(anonymous.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                try api.ask(Request("POST", path, "{}").by(TestAPI.newUser())).expectProblem(403, "forbidden")
                try api.ask(Request("POST", path, "{}").with("X-API-Key", "box-office-key-of-tests"))
                    .expectProblem(403, "forbidden")
            }
        }

        @Test("a published event that never reached Redis is loaded by the first claim")
        func healing() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let key = try #require(try await api.redis("KEYS", "*:e:\(event.id)").array?.first?.string)
            // Also deletes the partition's set of loaded events: otherwise the event counts as lost, and needs a
            // recovery.
            try await api.redis("DEL", key, key.replacing("e:\(event.id)", with: "known"))
            #expect(try api.claim(event, by: TestAPI.newUser()).status == 201)
        }
    }
}
