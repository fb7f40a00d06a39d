import Testing

extension ContractTests {
    @Suite("Request ids")
    struct RequestIDTests {
        @Test("a request's id comes from its client or from the server")
        func requestIDs() throws {
            let api = try TestAPI.current
            let named = try api.ask(Request("GET", "/v1/events").with("X-Request-Id", "a.B_9-"))
            #expect(named.headers["x-request-id"] == "a.B_9-")
            for bad in ["a b", "é", String(repeating: "x", count: 129)] {
                let answer = try api.ask(Request("GET", "/nowhere").with("X-Request-Id", bad))
                #expect(answer.headers["x-request-id"]?.isEmpty == false && answer.headers["x-request-id"] != bad)
            }
        }
    }
}
