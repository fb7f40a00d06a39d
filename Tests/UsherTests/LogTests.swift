import Foundation
import Support
import Testing

/// What the processes log about a request, and what they must not log.
@Suite("Logs", .serialized)
struct LogTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    private func lines(_ program: Program?) throws -> [[String: Any]] {
        try (program?.output ?? "").split(separator: "\n").map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "no JSON: \(line)")
        }
    }

    @Test("a request is logged with its ids by API and reconciler, and no secret is logged")
    func canaries() throws {
        let cluster = try Cluster(copies: 1, environment: ["USHER_LOG": "debug"])
        let client = HTTPClient(port: cluster.ports[0])
        let event = try cluster.makeEvent(capacity: 10)
        let names = [("X-Request-Id", "canary-request"), ("traceparent", "00-\(Self.trace)-00f067aa0ba902b7-01")]
        var secrets = [
            "a secret for tests", "canary-password-1", "4242424242424242", "canary-key", "canary-body", "canary-query",
            "canary-apikey", "canary@example.com", "canary-header",
        ]
        let account = "{\"email\":\"canary@example.com\",\"password\":\"canary-password-1\",\"name\":\"canary-body\"}"
        let registered = try client.send("POST", "/v1/auth/register", headers: names, body: account)
        #expect(registered.status == 201)
        for token in ["accessToken", "refreshToken"] {
            secrets.append(try #require(registered.json[token] as? String))
        }
        let user = bearer(secrets[secrets.count - 2]) + names + [("Idempotency-Key", "canary-key")]
        let booked = try client.send(
            "POST", "/v1/bookings?q=canary-query", headers: user,
            body: """
                {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],
                 "payment":{"cardNumber":"4242424242424242"}}
                """)
        #expect(booked.status == 201)
        let id = try #require(booked.json["id"] as? String)
        // Failed requests must not log secrets either.
        for (path, body) in [
            ("/v1/bookings", "{\"canary-body\":"), ("/v1/auth/login", account.replacing("word-1", with: "word-2")),
            ("/canary-body", "canary-body"), ("/v1/events", "{\"title\":\"canary-body\"}"),
        ] {
            let answer = try client.send(
                "POST", path, headers: [("X-API-Key", "canary-apikey"), ("X-Other", "canary-header")], body: body)
            #expect(answer.status >= 400)
        }
        try eventually("both have logged the booking") {
            cluster.copy("serve-0")?.output.contains("/v1/bookings") == true
                && cluster.copy("reconcile")?.output.split(separator: "\n").contains {
                    $0.contains(id) && $0.contains("\"CONFIRMED\"")
                } == true
        }
        let served = try lines(cluster.copy("serve-0"))
        let written = try lines(cluster.copy("reconcile"))
        let request = try #require(
            served.first { $0["route"] as? String == "/v1/bookings" && $0["status"] as? Int == 201 })
        let transitions = written.filter { $0["bookingId"] as? String == id }
        #expect(transitions.contains { $0["status"] as? String == "CONFIRMED" })
        for line in [request] + transitions {
            #expect(line["requestId"] as? String == "canary-request")
            #expect(line["traceId"] as? String == Self.trace)
            #expect(line["time"] is String && line["level"] as? String == "info")
        }
        for name in ["serve-0", "reconcile"] {
            let output = cluster.copy(name)?.output ?? ""
            for secret in secrets { #expect(!output.contains(secret), "\(name) logs \(secret)") }
        }
    }

    @Test("USHER_LOG sets the log level, and an invalid value prevents the start")
    func levels() throws {
        let cluster = try Cluster(copies: 1, environment: ["USHER_LOG": "warning"])
        _ = try cluster.makeEvent(capacity: 1)
        #expect(cluster.stop("serve-0") == 0)
        let wrong = try Program(Cluster.binary, ["serve"], environment: ["USHER_LOG": "loud"])
        #expect(wrong.wait() == 1)
        #expect(wrong.output == "USHER_LOG must be debug, info, warning or error, not “loud”.\n")
    }
}
