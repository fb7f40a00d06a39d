import Testing

extension ContractTests {
    @Suite("List of bookings")
    struct BookingListTests {
        @Test("a user's bookings are listed newest first, by status, by event and in pages")
        func list() async throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            let other = try api.event()
            let ann = TestAPI.newUser()
            var ids: [String] = []
            for _ in 0..<5 { ids.insert(try api.claim(event, by: ann).id, at: 0) }
            ids.insert(try api.claim(other, by: ann, card: Card.good).id, at: 0)
            let all = try await api.until({ $0["data"]?.elements.count == 6 }, Request("GET", "/v1/bookings").by(ann))
            #expect(all.json?.names == ["data", "nextCursor", "complete"] && all["nextCursor"]?.isNull == true)
            #expect(all["complete"]?.bool == true)
            func listed(_ answer: Answer) -> [String] { answer["data"]?.elements.compactMap { $0["id"]?.text } ?? [] }
            #expect(Set(listed(all)) == Set(ids) && listed(all).first == ids.first)
            #expect(listed(all) == listed(all).sorted(by: >))
            func ask(_ query: String) throws -> Answer { try api.ask(Request("GET", "/v1/bookings?\(query)").by(ann)) }
            #expect(try listed(ask("status=CONFIRMED")) == [ids[0]])
            #expect(try listed(ask("eventId=\(event.number)")).count == 5)
            #expect(try listed(ask("status=RESERVED&eventId=\(other.id)")) == [])
            #expect(try listed(ask("status=&eventId=&cursor=")).count == 6)
            var paged: [String] = []
            var cursor = ""
            repeat {
                let page = try ask("limit=4&cursor=\(cursor)")
                paged += listed(page)
                cursor = page["nextCursor"]?.text ?? ""
            } while !cursor.isEmpty
            #expect(paged == listed(all))
            for (query, pointer) in [
                ("status=reserved", "?status"), ("limit=101", "?limit"), ("limit=0", "?limit"), ("cursor=x", "?cursor"),
                ("page=1", "?page"), ("eventId=abc", "?eventId"),
            ] {
                let answer = try ask(query)
                answer.expectProblem(400, "invalid-request")
                #expect(answer.pointers == [pointer])
            }
            try ask("eventId=99999999").expectProblem(404, "event-not-found")
        }
    }
}
