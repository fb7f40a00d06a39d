import Support
import Testing

extension ContractTests {
    @Suite("Entity tags")
    struct EntityTagTests {
        @Test("a known ETag gets 304 until something changes", arguments: ["", "/availability"])
        func tags(suffix: String) throws {
            let api = try TestAPI.current
            let event = try api.event()
            let path = "/v1/events/\(event.id)\(suffix)"
            let tag = try #require(try api.ask(Request("GET", path)).headers["etag"])
            for known in [tag, "\"other\", \(tag)", "W/\(tag.replacing("W/", with: ""))", "*"] {
                let answer = try api.ask(Request("GET", path).with("If-None-Match", known))
                #expect(answer.status == 304 && answer.body.isEmpty && answer.headers["etag"] == tag)
            }
            let twoHeaders = Request("GET", path).with("If-None-Match", "\"a\"").with("If-None-Match", tag)
            #expect(try api.ask(twoHeaders).status == 304)
            #expect(try api.ask(Request("GET", path).with("If-None-Match", "\"other\"")).status == 200)
            #expect(try api.claim(event, by: TestAPI.newUser()).status == 201)
            // An event's answer may be some milliseconds old.
            try eventually("the tag changes") {
                try api.ask(Request("GET", path).with("If-None-Match", tag)).status == 200
            }
        }
    }
}
