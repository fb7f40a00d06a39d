import Testing

extension ContractTests {
    @Suite("Bodies")
    struct BodyTests {
        @Test(
            "a body that is not one JSON object is 400",
            arguments: [
                "[]", "7", "null", "\"text\"", "{", "{\"a\":1}}", "{\"a\":1,\"a\":2}", "{'a':1}", "{\"a\":01}",
                "{\"a\":NaN}", "{\"a\":\"\u{1}\"}", "\u{feff}{}", "{\"a\":\"\\ud800\"}",
                String(repeating: "[", count: 60_000), String(repeating: "{\"a\":", count: 10_000),
            ])
        func bodies(body: String) throws {
            for path in ["/v1/bookings", "/v1/events"] {
                try TestAPI.current.ask(Request("POST", path, body).by(TestAPI.admin))
                    .expectProblem(400, "invalid-request")
            }
        }

        @Test("bytes that are not UTF-8 are 400")
        func encoding() throws {
            let body = Array("{\"eventId\":\"".utf8) + [0xc3, 0x28, 0xff] + Array("\"}".utf8)
            let request = Request("POST", "/v1/bookings", "{}").by(TestAPI.newUser()).carrying(body)
            try TestAPI.current.ask(request).expectProblem(400, "invalid-request")
        }

        @Test("a body of 64 KiB is read, a longer one is 413")
        func size() throws {
            let api = try TestAPI.current
            let padding = String(repeating: " ", count: 65_536 - 2)
            try api.ask(Request("POST", "/v1/bookings", "{\(padding)}").by(TestAPI.newUser()))
                .expectProblem(400, "invalid-request")
            for size in [65_537, 1_000_000] {
                let body = String(repeating: " ", count: size)
                try api.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
                    .expectProblem(413, "body-too-large")
            }
        }

        @Test(
            "a body must be JSON and be declared as JSON",
            arguments: ["text/plain", "application/jsonp", "multipart/form-data", "application/x+jsonx", "json"])
        func mediaTypes(type: String) throws {
            let request = Request("POST", "/v1/bookings").by(TestAPI.newUser()).with("Content-Type", type)
            try TestAPI.current.ask(request.carrying(Array("{}".utf8))).expectProblem(415, "unsupported-media-type")
        }

        @Test(
            "JSON under other media types is accepted",
            arguments: ["application/json; charset=utf-8", "Application/JSON", "application/vnd.usher+json", ""])
        func goodMediaTypes(type: String) throws {
            var request = Request("POST", "/v1/bookings").by(TestAPI.newUser())
            if !type.isEmpty { request = request.with("Content-Type", type) }
            try TestAPI.current.ask(request.carrying(Array("{}".utf8))).expectProblem(400, "invalid-request")
        }

        @Test("a compressed body is refused")
        func compressed() throws {
            let request = Request("POST", "/v1/bookings", "{}").by(TestAPI.newUser()).with("Content-Encoding", "gzip")
            try TestAPI.current.ask(request).expectProblem(415, "unsupported-media-type")
        }
    }
}
