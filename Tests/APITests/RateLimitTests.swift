import SeatInventory
import Support
import Testing

@Suite(
    "A principal may send five requests",
    .api { $0.rateLimits = RateLimits(principal: RateLimit(quota: 5, periodSeconds: 10_000)) },
    .serialized)
struct PrincipalRateTests {
    @Test("five writes and five reads are accepted, the next are 429 with Retry-After, and others go on")
    func principal() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        for left in (0..<5).reversed() {
            let held = try api.claim(event, by: ann)
            #expect(held.status == 201)
            #expect(held.headers["ratelimit"]?.hasPrefix("\"writes\";r=\(left);t=") == true)
            #expect(held.headers["ratelimit-policy"] == "\"writes\";q=5;w=10000")
        }
        let refused = try api.claim(event, by: ann, key: "again")
        refused.expectProblem(429, "rate-limited")
        #expect(refused["retryable"]?.bool == true)
        #expect(refused.headers["ratelimit"]?.hasPrefix("\"writes\";r=0;t=") == true)
        let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
        #expect((1...2000).contains(wait))
        #expect(try api.left(event) == [95, 5, 0])
        let read = try api.ask(Request("GET", "/v1/bookings").by(ann))
        #expect(read.status == 200 && read.headers["ratelimit"]?.hasPrefix("\"reads\";r=4;t=") == true)
        #expect(try api.claim(event, by: TestAPI.newUser()).status == 201)
    }

    @Test("tokens of one principal share its limit, and a service is not limited")
    func tokens() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let tokens = [TestAPI.token("twice"), TestAPI.token("twice", roles: ["customer", "fan"])]
        let statuses = try (0..<6).map { try api.claim(event, by: tokens[$0 % 2]).status }
        #expect(statuses == [201, 201, 201, 201, 201, 429])
        let claim = Request("POST", "/v1/bookings", event.claim())
            .with("X-API-Key", "box-office-key-of-tests").with("X-On-Behalf-Of", "twice")
        for _ in 0..<7 { #expect(try api.ask(claim).headers["ratelimit"] == nil) }
    }
}

@Suite(
    "An address may send three requests",
    .api {
        $0.rateLimits = RateLimits(
            principal: RateLimit(quota: 100, periodSeconds: 10_000), address: RateLimit(quota: 3, periodSeconds: 10_000)
        )
    }, .serialized)
struct AddressRateTests {
    @Test("requests without credentials count by address; health, callbacks and principals do not")
    func address() throws {
        let api = try TestAPI.current
        let list = Request("GET", "/v1/events")
        let statuses = try (0..<4).map { _ in try api.ask(list).status }
        #expect(statuses == [200, 200, 200, 429])
        #expect(try api.ask(list.by("no token")).status == 429)
        #expect(try api.ask(list.by(TestAPI.newUser())).status == 200)
        for _ in 0..<5 {
            #expect(try api.ask(Request("GET", "/livez")).status == 200)
            try api.ask(Request("POST", "/v1/payments/callback", "{}")).expectProblem(401, "bad-signature")
        }
    }
}

@Suite(
    "All principals of an address may send twelve requests",
    .api {
        $0.rateLimits = RateLimits(
            principal: RateLimit(quota: 6, periodSeconds: 10_000),
            address: RateLimit(quota: 12, periodSeconds: 10_000))
    }, .serialized)
struct PrincipalsOfAddressRateTests {
    @Test("more accounts do not raise an address's limit; requests without a token have their own limit")
    func principals() throws {
        let api = try TestAPI.current
        let event = try api.event()
        var statuses: [Int] = []
        for _ in 0..<20 {
            let answer = try api.claim(event, by: TestAPI.newUser())
            statuses.append(answer.status)
            guard answer.status == 429 else { continue }
            answer.expectProblem(429, "rate-limited")
            #expect(answer.headers["ratelimit-policy"] == "\"writes\";q=12;w=10000")
            #expect(Int(answer.headers["retry-after"] ?? "") ?? 0 >= 1)
        }
        // The administrator who created the event has the same address.
        #expect(statuses.count { $0 == 201 } == 11 && statuses.suffix(9).allSatisfy { $0 == 429 }, "\(statuses)")
        #expect(try api.ask(Request("GET", "/v1/bookings").by(TestAPI.newUser())).status == 200)
        #expect(try api.ask(Request("POST", "/v1/auth/logout", "{}")).status == 400)
    }
}

@Suite(
    "Rate limits while Redis is away",
    .api { $0.rateLimits = RateLimits(principal: RateLimit(quota: 3, periodSeconds: 10_000)) }, .serialized)
struct UnknownRateTests {
    @Test("reads go on, and claims are 503")
    func away() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        api.redisServer.stop()
        for _ in 0..<5 { #expect(try api.ask(Request("GET", "/v1/events/\(event.id)").by(ann)).status == 200) }
        try api.claim(event, by: ann).expectProblem(503, "inventory-unavailable")
    }
}
