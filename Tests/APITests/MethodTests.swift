import Testing

extension ContractTests {
    @Suite("Paths and methods")
    struct MethodTests {
        @Test("an unknown path is 404; a known one with another method is 405 with the allowed methods")
        func methods() throws {
            let api = try TestAPI.current
            try api.ask(Request("GET", "/v2/events")).expectProblem(404, "not-found")
            for (method, path, allowed) in [
                ("DELETE", "/v1/events", "GET, HEAD, OPTIONS, POST"),
                ("PUT", "/v1/bookings/x", "DELETE, GET, HEAD, OPTIONS"),
                ("GET", "/v1/bookings/x/extend", "OPTIONS, POST"),
                ("BREW", "/v1/bookings", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
            ] {
                let answer = try api.ask(Request(method, path))
                answer.expectProblem(405, "method-not-allowed")
                #expect(answer.headers["allow"] == allowed)
            }
            let options = try api.ask(Request("OPTIONS", "/v1/bookings"))
            #expect(options.status == 204 && options.headers["allow"] == "GET, HEAD, OPTIONS, POST")
        }
    }
}
