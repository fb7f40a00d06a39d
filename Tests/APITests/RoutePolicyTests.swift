import HTTP
import SeatInventory
import Support
import Testing

extension ContractTests {
    @Suite("Routes' policies")
    struct RoutePolicyTests {
        private static func path(_ template: String) -> String {
            template.split(separator: "/").map { $0.hasPrefix("{") ? "7" : String($0) }.joined(separator: "/")
        }

        @Test(
            "an unauthorized caller is refused before the body is parsed, however the path is spelled"
        )
        func callers() async throws {
            let api = try TestAPI.current
            for (route, policy) in await api.policies().sorted(by: { $0.key < $1.key }) {
                let parts = route.split(separator: " ").map(String.init)
                let path = "/" + Self.path(parts[1])
                for spelled in [
                    path, path + "/", "/%\(String(path.utf8.dropFirst().first ?? 0, radix: 16))\(path.dropFirst(2))",
                ] {
                    let request = Request(parts[0], spelled, parts[0] == "GET" ? nil : "not even JSON")
                    switch policy.callers {
                    case .anyone, .signed: continue
                    case .authenticated:
                        #expect(try api.ask(request).status == 401, "\(route)")
                    case .administrators, .services:
                        #expect(try api.ask(request).status == 401, "\(route)")
                        #expect(try api.ask(request.by(TestAPI.newUser())).status == 403, "\(route)")
                    }
                }
            }
        }

        @Test("every answer has Cache-Control: personal answers and errors are never cached")
        func caching() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let booking = try api.claim(event, by: ann)
            let draft = try api.ask(
                Request(
                    "POST", "/v1/events",
                    """
                    {"title":"Draft","startsAt":"2031-05-01T18:00:00Z","currency":"USD",
                     "tiers":[{"name":"Standing","kind":"general","unitAmount":100,"capacity":5}]}
                    """
                ).by(TestAPI.admin))
            #expect(booking.headers["cache-control"] == "no-store")
            for path in [
                "/v1/bookings", "/v1/bookings/", "/v1/bookings/\(booking.id)", "/v1/bookings/nothing", "/api/bookings",
                "/v1/payments/7", "/v1/auth/me", "/v1/admin/overview", "/v1/payments",
            ] {
                for caller in [ann, TestAPI.admin, "no token"] {
                    let answer = try api.ask(Request("GET", path).by(caller))
                    #expect(answer.headers["cache-control"] == "no-store", "\(path) \(answer.status)")
                }
                #expect(try api.ask(Request("GET", path)).headers["cache-control"] == "no-store", "\(path)")
            }
            for path in [
                "/v1/events", "/v1/events/\(event.id)", "/v1/events/\(event.id)/",
                "/v1/events/\(event.id)/availability",
                "/v1/events/\(event.id)/seats", "/api/events", "/v1/venues",
            ] {
                let shared = try api.ask(Request("GET", path))
                #expect(shared.headers["cache-control"] == "no-cache", "\(path)")
                // Other tests change the list meanwhile.
                let isUnchanged = try (0..<100).contains { _ in
                    let tag = try #require(api.ask(Request("GET", path)).headers["etag"], "\(path)")
                    return try api.ask(Request("GET", path).with("If-None-Match", tag)).status == 304
                }
                #expect(isUnchanged, "\(path)")
                let administrator = try api.ask(Request("GET", path).by(TestAPI.admin))
                #expect(administrator.headers["cache-control"] == "no-store", "\(path)")
            }
            let tag = try #require(try api.ask(Request("GET", "/v1/events/\(event.id)")).headers["etag"])
            let unchanged = try api.ask(Request("GET", "/v1/events/\(event.id)").with("If-None-Match", tag))
            #expect(unchanged.status == 304 && unchanged.headers["cache-control"] == "no-cache")
            for path in ["/v1/events/\(draft.id)", "/v1/events/\(draft.id)/availability", "/nothing", "/v1/%zz"] {
                for caller in [nil, TestAPI.admin] {
                    let request = Request("GET", path)
                    let answer = try api.ask(caller.map(request.by) ?? request)
                    #expect(answer.headers["cache-control"] == "no-store", "\(path) \(answer.status)")
                }
            }
        }

        @Test("drop-in routes' errors have their own form even if they occur before the route")
        func dropInErrors() throws {
            let answer = try TestAPI.current.ask(Request("GET", "/api/bookings/"))
            #expect(answer.status == 401 && answer["statusCode"]?.integer == 401)
            #expect(answer["error"]?.text == "Unauthorized")
        }
    }
}

@Suite(
    "An address may send one request",
    .api {
        $0.rateLimits = RateLimits(
            principal: RateLimit(quota: 100, periodSeconds: 10_000), address: RateLimit(quota: 1, periodSeconds: 10_000)
        )
    }, .serialized)
struct SpelledRateTests {
    @Test("a path that is exempt in one spelling is exempt in every spelling")
    func spellings() throws {
        let api = try TestAPI.current
        for (method, path, status) in [
            ("GET", "/livez", 200), ("GET", "/readyz", 200), ("GET", "/metrics", 200), ("GET", "/openapi.json", 200),
            ("GET", "/docs", 200), ("POST", "/v1/payments/callback", 401),
        ] {
            for spelled in [path, path + "/", path.replacing("e", with: "%65"), path.replacing("o", with: "%6F") + "/"]
            {
                for _ in 0..<2 {
                    let answer = try api.ask(Request(method, spelled, method == "GET" ? nil : "{}"))
                    #expect(answer.status == status && answer.headers["ratelimit"] == nil, "\(spelled)")
                }
            }
        }
        #expect(try api.ask(Request("GET", "/v1/events/")).headers["ratelimit"] != nil)
        try api.ask(Request("GET", "/v1/%65vents")).expectProblem(429, "rate-limited")
    }
}
