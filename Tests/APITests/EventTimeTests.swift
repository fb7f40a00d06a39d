import Testing

extension ContractTests {
    /// When an event's sale ends, and until when its bookings may be cancelled.
    @Suite("An event's times")
    struct EventTimeTests {
        /// An event that began long ago, with further members.
        private func begun(_ members: String = "") throws -> TestEvent {
            let body = """
                {"title":"Yesterday","startsAt":"2020-05-01T18:00:00Z","currency":"USD","publish":true,
                 "tiers":[{"name":"Standing","kind":"general","unitAmount":100,"capacity":9}]\(members)}
                """
            let answer = try TestAPI.current.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            try #require(answer.status == 201, "\(answer.text)")
            return TestEvent(
                id: answer.id, number: answer["number"]?.integer ?? 0,
                tier: try #require(answer["tiers"]?[0]?["id"]?.text), json: answer)
        }

        private func patch(_ event: TestEvent, _ body: String) throws -> Answer {
            try TestAPI.current.ask(Request("PATCH", "/v1/events/\(event.id)", body).by(TestAPI.admin))
        }

        @Test("a sale ends when the event begins, unless an end was given")
        func saleEnds() throws {
            let api = try TestAPI.current
            let event = try begun()
            #expect(event.json["salesCloseAt"]?.text == "2020-05-01T18:00:00.000Z")
            try api.claim(event, by: TestAPI.newUser()).expectProblem(409, "sales-closed")
            try api.claim(event, by: TestAPI.newUser(), card: Card.good).expectProblem(409, "sales-closed")
            let endless = try begun(",\"salesCloseAt\":null")
            #expect(endless.json["salesCloseAt"]?.isNull == true)
            #expect(try api.claim(endless, by: TestAPI.newUser()).status == 201)
            let late = try begun(",\"salesCloseAt\":\"2031-01-01T00:00:00Z\"")
            #expect(try api.claim(late, by: TestAPI.newUser()).status == 201)
        }

        @Test("default ends move with the event; given ones stay")
        func endsMove() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"cancelUntil\":\"2031-04-01T00:00:00Z\"")
            let moved = try patch(event, "{\"startsAt\":\"2020-01-01T00:00:00Z\"}")
            #expect(moved["salesCloseAt"]?.text == "2020-01-01T00:00:00.000Z", "\(moved.text)")
            #expect(moved["cancelUntil"]?.text == "2031-04-01T00:00:00.000Z")
            try api.claim(event, by: TestAPI.newUser()).expectProblem(409, "sales-closed")
            let back = try patch(event, "{\"startsAt\":\"2032-01-01T00:00:00Z\",\"cancelUntil\":null}")
            #expect(back["salesCloseAt"]?.text == "2032-01-01T00:00:00.000Z")
            #expect(back["cancelUntil"]?.isNull == true)
            #expect(try api.claim(event, by: TestAPI.newUser()).status == 201)
            let fixed = try patch(event, "{\"salesCloseAt\":\"2031-12-01T00:00:00Z\"}")
            #expect(fixed["salesCloseAt"]?.text == "2031-12-01T00:00:00.000Z")
            let again = try patch(event, "{\"startsAt\":\"2033-01-01T00:00:00Z\"}")
            #expect(again["salesCloseAt"]?.text == "2031-12-01T00:00:00.000Z")
            #expect(try patch(event, "{\"salesCloseAt\":null}")["salesCloseAt"]?.isNull == true)
        }

        @Test("a hold at the end of the sale can still be paid, and cancelled")
        func heldBefore() throws {
            let api = try TestAPI.current
            let (ann, bob) = (TestAPI.newUser(), TestAPI.newUser())
            let event = try api.event()
            let (held, other) = (try api.claim(event, by: ann), try api.claim(event, by: bob))
            #expect(try patch(event, "{\"startsAt\":\"2020-01-01T00:00:00Z\"}").status == 200)
            try api.claim(event, by: ann).expectProblem(409, "sales-closed")
            #expect(try api.act("payments", held.id, Card.body(Card.good), by: ann)["status"]?.text == "CONFIRMED")
            #expect(try api.act("cancel", other.id, by: bob)["status"]?.text == "CANCELLED")
        }

        @Test("after cancelUntil the owner of a confirmed booking cannot cancel it, whole or in part")
        func cancellationCloses() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let event = try api.event()
            let paid = try api.claim(event, 3, by: ann, card: Card.good)
            let held = try api.claim(event, 2, by: ann)
            #expect(try patch(event, "{\"cancelUntil\":\"2020-01-01T00:00:00Z\"}").status == 200)
            for request in [
                Request("DELETE", "/v1/bookings/\(paid.id)"), Request("POST", "/v1/bookings/\(paid.id)/cancel"),
                Request("POST", "/v1/bookings/\(paid.id)/items/\(event.tier)/cancel", "{\"quantity\":1}"),
                Request("POST", "/v1/bookings/\(paid.id)/cancel", "{}").keyed("late"),
            ] {
                let refused = try api.ask(request.by(ann))
                refused.expectProblem(409, "cancellation-closed")
                #expect(refused["currentStatus"]?.text == "CONFIRMED")
                #expect(refused["detail"]?.text?.contains("2020-01-01T00:00:00.000Z") == true)
            }
            let plain = try api.ask(Request("DELETE", "/api/bookings/\(paid.id)").by(ann))
            #expect(plain.status == 409 && plain["message"]?.text == "Cancellation is no longer possible")
            #expect(try api.booking(paid.id, by: ann)["status"]?.text == "CONFIRMED")
            let part = Request("POST", "/v1/bookings/\(held.id)/items/\(event.tier)/cancel", "{\"quantity\":1}")
            #expect(try api.ask(part.by(ann)).status == 200)
            #expect(try api.act("cancel", held.id, by: ann)["status"]?.text == "CANCELLED")
            // A refused request is judged again under its key.
            #expect(try patch(event, "{\"cancelUntil\":null}").status == 200)
            let allowed = try api.ask(Request("POST", "/v1/bookings/\(paid.id)/cancel", "{}").by(ann).keyed("late"))
            #expect(allowed.status == 200 && allowed["status"]?.text == "CANCELLED", "\(allowed.text)")
        }

        @Test("a booking that left Redis is still judged by its event's times; the event's cancellation goes through")
        func elsewhere() async throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let event = try begun(",\"salesCloseAt\":null")
            let paid = try api.claim(event, by: ann, card: Card.good)
            #expect(paid["persisted"]?.bool == true, "\(paid.text)")
            try await api.forget(paid.id)
            try api.act("cancel", paid.id, by: ann).expectProblem(409, "cancellation-closed")
            #expect(try api.ask(Request("POST", "/v1/events/\(event.id)/cancel").by(TestAPI.admin)).status == 200)
            let gone = try await api.until(
                { $0["status"]?.text == "CANCELLED" }, Request("GET", "/v1/bookings/\(paid.id)").by(ann))
            #expect(gone["status"]?.text == "CANCELLED" && gone["reason"]?.text == "event-cancelled", "\(gone.text)")
        }

        @Test("an extension never shortens a hold, however holdSeconds changed")
        func extends() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let event = try api.event(",\"holdSeconds\":600")
            let held = try api.claim(event, by: ann)
            #expect(try patch(event, "{\"holdSeconds\":1}").status == 200)
            for _ in 1...2 {
                let extended = try api.act("extend", held.id, by: ann)
                #expect(
                    extended.status == 200 && extended["expiresAt"]?.text == held["expiresAt"]?.text, "\(extended.text)"
                )
            }
            try api.act("extend", held.id, by: ann).expectProblem(409, "extend-limit")
            // A decline restores the hold's end.
            let declined = try api.act("payments", held.id, Card.body(Card.declined), by: ann)
            #expect(declined.status == 402 && declined["expiresAt"]?.text == held["expiresAt"]?.text)
            let second = try api.claim(event, by: ann)
            #expect(try patch(event, "{\"holdSeconds\":7200}").status == 200)
            let longer = try api.act("extend", second.id, by: ann)
            #expect(longer.status == 200 && longer["expiresAt"]?.text ?? "" > held["expiresAt"]?.text ?? "")
        }

        @Test("an event has the time zone that was sent, by an IANA name")
        func timeZones() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"timeZone\":\"Europe/Kyiv\"")
            #expect(event.json["timeZone"]?.text == "Europe/Kyiv")
            #expect(try api.event()["timeZone"] == "UTC")
            for name in ["Europe/Kiev", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Kathmandu"] {
                #expect(try patch(event, "{\"timeZone\":\"\(name)\"}")["timeZone"]?.text == name)
            }
            for wrong in [
                "+02:00", "posixrules", "../etc/passwd", "Europe/../Europe/Kyiv", "Europe/Nowhere", "EUROPE/KYIV", "",
                "Factory", "Europe/\u{212a}yiv", "posix/Europe/Kyiv", " UTC", "Europe",
            ] {
                let refused = try patch(event, "{\"timeZone\":\"\(wrong)\"}")
                refused.expectProblem(400, "invalid-request")
                #expect(refused.pointers == ["/timeZone"], "\(wrong)")
            }
            #expect(try patch(event, "{\"timeZone\":null}").pointers == ["/timeZone"])
        }

        @Test("a sale that opens after it ends is refused, whichever of the two was sent")
        func order() throws {
            let api = try TestAPI.current
            let event = try api.event()
            #expect(try patch(event, "{\"salesOpenAt\":\"2031-05-01T18:00:00Z\"}").pointers == ["/salesOpenAt"])
            #expect(try patch(event, "{\"salesOpenAt\":\"2031-05-01T17:00:00Z\"}").status == 200)
            #expect(try patch(event, "{\"startsAt\":\"2031-05-01T16:00:00Z\"}").pointers == ["/salesOpenAt"])
            #expect(try patch(event, "{\"title\":\"Other\"}").status == 200)
        }
    }
}

extension TestEvent {
    fileprivate subscript(name: String) -> String? { json[name]?.text }
}
