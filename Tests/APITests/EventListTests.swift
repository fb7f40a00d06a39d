import Testing

extension ContractTests {
    @Suite("List of events")
    struct EventListTests {
        /// Four events found by one word: by date B, A, C; by price C, A, B; by title A, B, C, and one cancelled draft.
        private func make(_ word: String) throws {
            let api = try TestAPI.current
            for (title, date, prices) in [
                ("a \(word)", "2031-02-01T00:00:00Z", [200, 900]), ("B \(word)", "2031-01-01T00:00:00Z", [300]),
                ("c \(word)", "2031-03-01T00:00:00Z", [950, 100]),
            ] {
                let tiers = prices.map {
                    "{\"name\":\"T\($0)\",\"kind\":\"general\",\"unitAmount\":\($0),\"capacity\":5}"
                }
                let body = """
                    {"title":"\(title)","startsAt":"\(date)","currency":"USD","publish":true,
                     "tiers":[\(tiers.joined(separator: ","))]}
                    """
                let answer = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
                try #require(answer.status == 201)
            }
        }

        private func titles(_ query: String) throws -> [String] {
            let answer = try TestAPI.current.ask(Request("GET", "/v1/events?\(query)"))
            #expect(answer.status == 200, "\(answer.text)")
            return answer["data"]?.elements.map { String($0["title"]?.text?.prefix(1) ?? "") } ?? []
        }

        @Test("it is searched case-insensitively, sorted every way, and paged")
        func lists() throws {
            try make("Zyx%_q")
            let search = "search=zYX%25_"
            #expect(try titles(search) == ["B", "a", "c"])
            #expect(try titles(search + "&sortBy=date&sortOrder=desc") == ["c", "a", "B"])
            #expect(try titles(search + "&sortBy=price") == ["c", "a", "B"])
            #expect(try titles(search + "&sortBy=price&sortOrder=desc") == ["B", "a", "c"])
            #expect(try titles(search + "&sortBy=title") == ["a", "B", "c"])
            #expect(try titles(search + "&sortBy=title&limit=2&page=2") == ["c"])
            #expect(try titles(search + "&page=9") == [])
            #expect(try titles("search=zyxaa") == [])
            let page = try TestAPI.current.ask(Request("GET", "/v1/events?\(search)&limit=2&page=1"))
            #expect(page.json?.names == ["data", "page", "limit", "total", "totalPages"])
            #expect(page["total"]?.integer == 3 && page["totalPages"]?.integer == 2)
            #expect(page["data"]?[0]?["remainingTickets"]?.integer == 5)
            #expect(page["page"]?.integer == 1 && page["limit"]?.integer == 2)
        }

        @Test("empty parameters count as missing, and the contract's defaults apply")
        func defaults() throws {
            let answer = try TestAPI.current.ask(Request("GET", "/v1/events?page=&limit=&search=&sortBy=&sortOrder="))
            #expect(answer.status == 200)
            #expect(answer["page"]?.integer == 1 && answer["limit"]?.integer == 10)
            let tag = try #require(answer.headers["etag"])
            #expect(tag.hasPrefix("\"") || tag.hasPrefix("W/\""))
        }

        @Test(
            "an invalid query is refused, and the invalid parameter is named",
            arguments: [
                ("limit=51", "?limit"), ("limit=0", "?limit"), ("limit=-1", "?limit"), ("limit=1e1", "?limit"),
                ("limit=9223372036854775808", "?limit"), ("page=0", "?page"), ("page=1.0", "?page"),
                ("page=1&page=2", "?page"), ("sortBy=id", "?sortBy"), ("sortOrder=ASC", "?sortOrder"),
                ("sort=date", "?sort"), ("search=%zz", ""), ("search=%00", ""), ("search=%ff", ""),
            ])
        func refusals(query: String, pointer: String) throws {
            let answer = try TestAPI.current.ask(Request("GET", "/v1/events?\(query)"))
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == [pointer])
        }
    }
}
