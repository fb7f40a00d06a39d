import Glibc
import Support
import Testing

@Suite("Copies of usher serve share a rate limit")
struct RateLimitTests {
    @Test(
        "copies share one quota; reads have a separate quota; an invalid setting prevents the start")
    func copies() throws {
        let cluster = try Cluster(copies: 2, environment: ["USHER_RATE_LIMIT": "10/1h"])
        let event = try cluster.makeEvent(capacity: 100)
        let ann = try cluster.token("ann")
        let body = "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}"
        let clients = cluster.ports.map { HTTPClient(port: $0) }
        let statuses = try (0..<14).map { index in
            // Requests admitted before Redis was asked are counted within 20 ms; a fast client may gain a few.
            if index == 10 { usleep(200_000) }
            return try clients[index % 2].send("POST", "/v1/bookings", headers: bearer(ann), body: body).status
        }
        #expect(statuses == Array(repeating: 201, count: 10) + Array(repeating: 429, count: 4))
        for client in clients {
            let read = try client.send("GET", "/v1/bookings", headers: bearer(ann))
            #expect(read.status == 200 && read["ratelimit-policy"] == "\"reads\";q=10;w=3600")
        }
        for wrong in ["60", "0/10s", "60/0", "60/10s,", "1/1s,1/1s,1/1s", "on"] {
            let copy = try Program(
                Cluster.binary, ["serve"],
                environment: [
                    "REDIS_URL": cluster.redis.url, "DATABASE_URL": cluster.postgres.url, "USHER_RATE_LIMIT": wrong,
                    "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PARTITIONS": "8",
                    "USHER_PAYMENT_GATEWAY": "simulated",
                ])
            #expect(copy.readToEnd().contains("USHER_RATE_LIMIT"))
            #expect(copy.wait() == 1)
        }
    }

    @Test("behind a trusted proxy each address has its own limit; untrusted clients cannot choose their address")
    func proxies() throws {
        let cluster = try Cluster(
            copies: 1, environment: ["USHER_RATE_LIMIT": "9/1h,3/1h", "USHER_TRUSTED_PROXIES": "127.0.0.0/8,::1"])
        let proxied = HTTPClient(port: cluster.ports[0])
        func ask(_ client: HTTPClient, _ forwarded: String...) throws -> Int {
            try client.send("GET", "/v1/events", headers: forwarded.map { ("X-Forwarded-For", $0) }).status
        }
        let fourTimes = [200, 200, 200, 429]
        #expect(try (0..<4).map { try ask(proxied, "198.51.100.\($0), 203.0.113.1") } == fourTimes)
        let network = try (0..<4).map { try ask(proxied, "198.51.100.\($0)", "2001:db8::\($0 + 2)", "127.0.0.2") }
        #expect(network == fourTimes)
        #expect(try (0..<4).map { try ask(proxied, "203.0.113.\($0 + 3), garbage") } == fourTimes)
        let login = { (address: String, index: Int) in
            try proxied.send(
                "POST", "/v1/auth/login", headers: [("X-Forwarded-For", address)],
                body: "{\"email\":\"ann\(index)@example.com\",\"password\":\"wrong\"}"
            ).status
        }
        #expect(try (0..<4).map { try login("203.0.113.7", $0) } == [401, 401, 401, 429])
        #expect(try login("203.0.113.8", 9) == 401)

        let port = try freePort()
        let environment = [
            "REDIS_URL": cluster.redis.url, "DATABASE_URL": cluster.postgres.url, "USHER_RATE_LIMIT": "9/1h,3/1h",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PARTITIONS": "8",
            "USHER_PAYMENT_GATEWAY": "simulated",
            "USHER_LOOPS": "1", "PORT": "\(port)", "USHER_TRUSTED_PROXIES": "10.0.0.0/8",
        ]
        let open = try Program(Cluster.binary, ["serve"], environment: environment)
        let direct = HTTPClient(port: port)
        try eventually("the copy is ready") { (try? direct.send("GET", "/readyz"))?.status == 200 }
        // Counted by the connection's own address, like the proxied request with the malformed header.
        #expect(try ask(direct, "203.0.113.100") == 429)
        open.signal(SIGTERM)
        #expect(open.wait() == 0)
        for wrong in ["nginx", "10.0.0.1/8", "10.0.0.0/8,", "0.0.0.0/0", "::/0"] {
            let copy = try Program(Cluster.binary, ["serve"], environment: ["USHER_TRUSTED_PROXIES": wrong])
            #expect(copy.readToEnd().contains("USHER_TRUSTED_PROXIES"))
            #expect(copy.wait() == 1)
        }
    }
}
