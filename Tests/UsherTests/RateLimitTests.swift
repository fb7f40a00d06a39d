import Support
import Testing

@Suite("Copies of usher serve share a rate limit")
struct RateLimitTests {
    @Test(
        "whichever copy is asked, the quota is one; reads have their own; a setting that means nothing stops the start")
    func copies() throws {
        let cluster = try Cluster(copies: 2, environment: ["USHER_RATE_LIMIT": "10/1h"])
        let event = try cluster.makeEvent(capacity: 100)
        let ann = try cluster.token("ann")
        let body = "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}"
        let clients = cluster.ports.map { HTTPClient(port: $0) }
        let statuses = try (0..<14).map { index in
            try clients[index % 2].send("POST", "/v1/bookings", headers: bearer(ann), body: body).status
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
                ])
            #expect(copy.readToEnd().contains("USHER_RATE_LIMIT"))
            #expect(copy.wait() == 1)
        }
    }
}
