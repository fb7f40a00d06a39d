import Foundation
import Support
import Testing

/// Customers cannot reach operator paths, however the path is spelled.
@Suite("Paths for operators", .serialized)
struct OperatorPathTests {
    private static func spellings(_ path: String) -> [String] {
        let name = path.dropFirst()
        let first = String(name.utf8.first ?? 0, radix: 16)
        return [
            path, path + "/", path + "//", "/" + path, path + "?x=1", path + ";x", path + "/.", "/." + path,
            "/x/.." + path, "/%\(first)\(name.dropFirst())", "/%\(first.uppercased())\(name.dropFirst())/",
            path.replacing("e", with: "%65"), path.uppercased(), "/" + name.prefix(1).uppercased() + name.dropFirst(),
            path + "%2f", path + "%3bx", path + ".", path + "%20",
        ]
    }

    @Test("nginx hides metrics, health and the operators' page and numbers, and passes the rest through")
    func nginx() throws {
        let cluster = try Cluster(copies: 1)
        let directory = try TemporaryDirectory()
        let port = try freePort()
        let nginx = try Nginx.start(directory, port, cluster.ports)
        try eventually("nginx reaches the copy") {
            (try? HTTPClient(port: port).send("GET", "/livez"))?.status == 200
        }
        let admin = bearer(try cluster.token("admin", role: "admin"))
        for path in ["/metrics", "/readyz", "/ops", "/v1/admin/overview"] {
            #expect(try HTTPClient(port: cluster.ports[0]).send("GET", path, headers: admin).status == 200, "\(path)")
            for spelled in Self.spellings(path) {
                for method in ["GET", "POST"] {
                    let answer = try HTTPClient(port: port).send(method, spelled, headers: admin)
                    #expect(answer.status == 404 || answer.status == 400, "\(method) \(spelled): \(answer.status)")
                }
            }
        }
        for path in ["/livez", "/", "/v1/events", "/assets/ops.js", "/openapi.json"] {
            #expect(try HTTPClient(port: port).send("GET", path).status == 200, "\(path)")
        }
        withExtendedLifetime(nginx) {}
    }

    @Test("with a separate port metrics are served there, and not on the customers' port")
    func metricsPort() throws {
        let metrics = try freePort()
        let cluster = try Cluster(copies: 1, environment: ["SERVE_METRICS_PORT": "\(metrics)"])
        let own = try HTTPClient(port: metrics).send("GET", "/metrics")
        #expect(own.status == 200 && own.text.contains("usher_http_connections"))
        #expect(try HTTPClient(port: metrics).send("GET", "/v1/events").status == 404)
        for spelled in Self.spellings("/metrics") {
            #expect(try HTTPClient(port: cluster.ports[0]).send("GET", spelled).status != 200, "\(spelled)")
        }
        #expect(cluster.stop("serve-0") == 0)
    }

    @Test("connections per address are limited over all loops of a copy, and other addresses are unaffected")
    func connections() throws {
        let cluster = try Cluster(
            copies: 1,
            environment: ["USHER_LOOPS": "2", "USHER_ADDRESS_CONNECTIONS": "20", "USHER_ADDRESS_STREAMS": "3"])
        let event = try cluster.makeEvent(capacity: 10)
        let port = cluster.ports[0]
        func kept() -> HTTPClient? {
            let client = HTTPClient(port: port)
            return (try? client.send("GET", "/livez"))?.status == 200 ? client : nil
        }
        let open = (0..<40).compactMap { _ in kept() }
        #expect((19...20).contains(open.count), "\(open.count)")
        let other = HTTPClient(port: port, from: "127.0.0.3")
        #expect(try other.send("GET", "/v1/events").status == 200)
        let streams = (0..<5).map { _ in
            let client = HTTPClient(port: port, from: "127.0.0.4")
            try? client.write("GET", "/v1/events/\(event.id)/stream")
            return (client, (try? client.readAnswer(hasBody: false))?.status)
        }
        #expect(streams.count { $0.1 == 200 } == 3 && streams.count { $0.1 == 503 } == 2)
        for (name, wrong) in [
            ("USHER_ADDRESS_CONNECTIONS", "0"), ("USHER_ADDRESS_STREAMS", "many"),
            ("USHER_REGISTRATION_LIMIT", "10"), ("USHER_LOGIN_LIMIT", "10/1m,100/1m"),
        ] {
            let copy = try Program(
                Cluster.binary, ["serve"],
                environment: [
                    "REDIS_URL": cluster.redis.url, "DATABASE_URL": cluster.postgres.url, name: wrong,
                    "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PARTITIONS": "8",
                    "USHER_PAYMENT_GATEWAY": "simulated",
                ])
            #expect(copy.readToEnd().contains(name))
            #expect(copy.wait() == 1)
        }
    }
}
