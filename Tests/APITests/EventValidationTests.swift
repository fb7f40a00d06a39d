import Testing

extension ContractTests {
    @Suite("Creating events")
    struct EventValidationTests {
        private static let good: [(String, String)] = [
            ("title", "\"T\""), ("startsAt", "\"2031-05-01T18:00:00Z\""), ("currency", "\"USD\""),
            ("tiers", "[{\"name\":\"A\",\"kind\":\"general\",\"unitAmount\":1,\"capacity\":1}]"),
        ]

        /// The valid body with one member changed, added or (nil) left out.
        private func make(_ name: String, _ json: String?) throws -> Answer {
            var members = Self.good.filter { $0.0 != name }
            if let json { members.append((name, json)) }
            let body = "{\(members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}"
            return try TestAPI.current.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
        }

        private func tier(_ name: String, _ json: String?) throws -> Answer {
            var members = [("name", "\"A\""), ("kind", "\"general\""), ("unitAmount", "1"), ("capacity", "1")]
                .filter { $0.0 != name }
            if let json { members.append((name, json)) }
            return try make("tiers", "[{\(members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}]")
        }

        @Test("every missing member is named", arguments: ["title", "startsAt", "currency", "tiers"])
        func missing(name: String) throws {
            for json in [nil, "null"] {
                let answer = try make(name, json)
                answer.expectProblem(400, "invalid-request")
                #expect(answer.pointers == ["/\(name)"])
            }
        }

        @Test(
            "every invalid member is named",
            arguments: [
                ("title", "\"\""), ("title", "7"), ("title", "\"a\\u0000b\""), ("description", "[]"),
                ("description", "\"\\u0000\""), ("startsAt", "\"2031-02-29T00:00:00Z\""), ("startsAt", "\"tomorrow\""),
                ("startsAt", "1925000000"), ("startsAt", "\"2031-05-01T18:00:00\""), ("salesOpenAt", "true"),
                ("salesCloseAt", "\"2031-13-01T00:00:00Z\""), ("currency", "\"usd\""), ("currency", "\"EURO\""),
                ("currency", "\"QQQ\""), ("currency", "\"XXX\""), ("currency", "\"XTS\""), ("currency", "\"XAU\""),
                ("currency", "\"\u{212a}RW\""), ("title", "\"   \""), ("title", "\"\u{a0}\u{3000}\u{200b}\\t\""),
                ("cancelUntil", "7"), ("timeZone", "\"+02:00\""), ("timeZone", "2"),
                ("holdSeconds", "0"), ("holdSeconds", "86401"), ("holdSeconds", "1.5"), ("holdSeconds", "\"600\""),
                ("maxTicketsPerUser", "0"), ("maxTicketsPerUser", "-1"), ("maxBookingsPerUser", "1e2"),
                ("maxBookingsPerUser", "9223372036854775808"), ("tiers", "[]"), ("tiers", "{}"), ("publish", "1"),
                ("publish", "\"true\""), ("number", "1"), ("venue", "\"Hall\""), ("id", "\"x\""),
            ])
        func wrong(name: String, json: String) throws {
            let answer = try make(name, json)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/\(name)"])
        }

        @Test(
            "every invalid member of a tier is named",
            arguments: [
                ("name", nil), ("name", "\"\""), ("name", "\" \\n \""), ("kind", nil), ("kind", "\"standing\""),
                ("unitAmount", nil),
                ("unitAmount", "-1"), ("unitAmount", "49.99"), ("unitAmount", "100000000001"), ("capacity", nil),
                ("capacity", "0"), ("capacity", "10000001"), ("capacity", "\"5\""), ("available", "1"),
            ] as [(String, String?)])
        func wrongTier(name: String, json: String?) throws {
            let answer = try tier(name, json)
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/tiers/0/\(name)"])
        }

        @Test("all errors are reported at once, with JSON pointers")
        func all() throws {
            let answer = try TestAPI.current.ask(
                Request("POST", "/v1/events", "{\"title\":1,\"a/b~c\":2,\"tiers\":[7]}").by(TestAPI.admin))
            answer.expectProblem(400, "invalid-request")
            #expect(Set(answer.pointers) == ["/title", "/startsAt", "/currency", "/tiers/0", "/a~1b~0c"])
        }

        @Test("the bounds themselves are accepted, and null means no limit")
        func bounds() throws {
            #expect(try make("holdSeconds", "1").status == 201)
            #expect(try make("holdSeconds", "86400").status == 201)
            #expect(try tier("capacity", "10000000").status == 201)
            #expect(try tier("unitAmount", "0").status == 201)
            #expect(try make("maxTicketsPerUser", "null")["maxTicketsPerUser"]?.isNull == true)
            #expect(try make("maxBookingsPerUser", "1")["maxBookingsPerUser"]?.integer == 1)
            for currency in ["JPY", "KWD", "CLF", "HUF", "XOF", "XCG", "EUR"] {
                #expect(try make("currency", "\"\(currency)\"")["currency"]?.text == currency)
            }
            #expect(try make("title", "\" \u{200d}a\"").status == 201)
        }

        @Test("a sale closes after it opens")
        func window() throws {
            let body = """
                {"title":"T","startsAt":"2031-05-01T18:00:00Z","currency":"USD",
                 "salesOpenAt":"2031-01-01T00:00:00Z","salesCloseAt":"2031-01-01T00:00:00Z",
                 "tiers":[{"name":"A","kind":"general","unitAmount":1,"capacity":1}]}
                """
            let answer = try TestAPI.current.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/salesCloseAt"])
        }
    }
}
