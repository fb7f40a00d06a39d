import Support
import Testing

extension ContractTests {
    @Suite("No other origins")
    struct NoCrossOriginTests {
        @Test("without configured origins there are no CORS headers")
        func noCORS() throws {
            let answer = try TestAPI.current.ask(Request("GET", "/v1/events").with("Origin", "https://evil.example"))
            #expect(answer.headers["access-control-allow-origin"] == nil && answer.headers["vary"] == nil)
        }
    }
}

@Suite("Other origins", .api { $0.corsOrigins = ["https://shop.example", "https://other.example"] })
struct CrossOriginTests {
    @Test("a configured origin is allowed, with all headers that it needs")
    func allowed() throws {
        let api = try TestAPI.current
        let answer = try api.ask(Request("GET", "/v1/events").with("Origin", "https://other.example"))
        #expect(answer.status == 200 && answer.headers["access-control-allow-origin"] == "https://other.example")
        #expect(answer.headers["vary"] == "Origin")
        let exposed = answer.headers["access-control-expose-headers"] ?? ""
        for name in ["Location", "ETag", "Retry-After", "X-Request-Id", "Idempotent-Replayed", "Preference-Applied"] {
            #expect(exposed.contains(name))
        }
    }

    @Test("preflights are answered without a token")
    func preflight() throws {
        let api = try TestAPI.current
        let request = Request("OPTIONS", "/v1/bookings").with("Origin", "https://shop.example")
            .with("Access-Control-Request-Method", "POST")
            .with("Access-Control-Request-Headers", "authorization,idempotency-key")
        let answer = try api.ask(request)
        #expect(answer.status == 204 && answer.body.isEmpty)
        #expect(answer.headers["access-control-allow-origin"] == "https://shop.example")
        #expect(answer.headers["access-control-allow-methods"]?.contains("POST") == true)
        let headers = answer.headers["access-control-allow-headers"]?.lowercased() ?? ""
        for name in [
            "authorization", "content-type", "idempotency-key", "prefer", "if-none-match", "if-match", "last-event-id",
            "x-request-id", "traceparent",
            "x-on-behalf-of", "x-api-key",
        ] {
            #expect(headers.contains(name))
        }
        #expect(answer.headers["access-control-max-age"] != nil)
    }

    @Test("problems can be read too; other origins and their preflights get no CORS headers")
    func others() throws {
        let api = try TestAPI.current
        let problem = try api.ask(Request("GET", "/v1/bookings").with("Origin", "https://shop.example"))
        #expect(problem.status == 401 && problem.headers["access-control-allow-origin"] == "https://shop.example")
        for origin in ["https://evil.example", "https://shop.example.evil", "null"] {
            let answer = try api.ask(Request("GET", "/v1/events").with("Origin", origin))
            #expect(answer.status == 200 && answer.headers["access-control-allow-origin"] == nil)
            #expect(answer.headers["vary"] == "Origin")
        }
    }

    @Test(
        "refusals made before routing can be read too",
        arguments: [
            ("POST /v1/bookings HTTP/1.1\r\nHost: x\r\n%\r\nContent-Length: 70000\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: x\r\n%\r\nX: \(String(repeating: "y", count: 20_000))\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: x\r\n%\r\nExpect: coffee\r\n\r\n", 417),
            ("GET / HTTP/2.0\r\nHost: x\r\n%\r\n\r\n", 505), ("GET / HTTP/1.1\r\nHost : x\r\n%\r\n\r\n", 400),
            ("BREW / HTTP/1.1\r\nHost: x\r\n%\r\n\r\n", 405),
            ("POST /v1/venues HTTP/1.1\r\nHost: x\r\n%\r\nContent-Length: 70000\r\n\r\n", 401),
        ])
    func early(_ text: String, _ status: Int) throws {
        let api = try TestAPI.current
        for (origin, allowed) in [
            ("https://shop.example", "https://shop.example"), ("https://evil.example", nil),
        ] as [(String, String?)] {
            let client = HTTPClient(port: api.port)
            try client.write(Array(text.replacing("%", with: "Origin: \(origin)").utf8))
            let answer = try client.readAnswer()
            #expect(answer.status == status)
            #expect(answer["access-control-allow-origin"] == allowed)
            #expect((answer["access-control-expose-headers"] != nil) == (allowed != nil))
            #expect(answer["vary"] == "Origin" && answer["cache-control"] == "no-store")
        }
    }
}
