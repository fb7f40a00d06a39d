import Foundation
import Support
import Testing

/// Accounts created by the commands.
@Suite("Accounts end to end", .serialized)
struct AccountsEndToEndTests {
    @Test("usher dev prints users that can log in, and book, before and after a restart")
    func devUsers() throws {
        let directory = try TemporaryDirectory()
        let port = try freePort()
        let environment = ["USHER_DATA_DIR": "\(directory.path)/data", "PORT": String(port)]
        var printed: [[String]] = []
        for _ in 0..<2 {
            let program = try Program(Cluster.binary, ["dev"], environment: environment)
            let output = try #require(program.read(until: "Ctrl-C"))
            let users = Self.users(output)
            #expect(users.map { $0[0] } == ["alice@example.com", "bob@example.com", "admin@example.com"])
            for user in users {
                let login = try HTTPClient(port: port).send(
                    "POST", "/v1/auth/login", body: "{\"email\":\"\(user[0])\",\"password\":\"\(user[1])\"}")
                #expect(login.status == 200)
                let token = try #require(login.json["accessToken"] as? String)
                let body =
                    "{\"title\":\"T\",\"startsAt\":\"2099-01-01T20:00:00.000Z\",\"currency\":\"USD\","
                    + "\"tiers\":[{\"name\":\"A\",\"kind\":\"general\",\"unitAmount\":1,\"capacity\":1}]}"
                let made = try HTTPClient(port: port).send(
                    "POST", "/v1/events", headers: bearer(token), body: body)
                #expect(made.status == (user[2] == "admin" ? 201 : 403))
                let bookings = try HTTPClient(port: port).send("GET", "/v1/bookings", headers: bearer(token))
                #expect(bookings.status == 200)
            }
            printed.append(users.map { $0[1] })
            program.signal(SIGTERM)
            #expect(program.wait() == 0)
        }
        #expect(printed[0] == printed[1])
    }

    /// Address, password and roles from each line about a user.
    private static func users(_ output: String) -> [[String]] {
        output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            .filter { $0.count == 3 && $0[0].hasSuffix("@example.com") }
    }

    @Test("usher seed prints the users derived from the secret, and explains why there are none without it")
    func seed() throws {
        let directory = try TemporaryDirectory()
        let environment = [
            "DATABASE_URL": try TestServers.postgres.createDatabase("seeds_users"),
            "USHER_DATA_DIR": "\(directory.path)/none",
        ]
        func output(_ more: [String: String]) throws -> String {
            let program = try Program(Cluster.binary, ["seed"], environment: environment.merging(more) { $1 })
            #expect(program.wait() == 0)
            return program.output
        }
        #expect(try output([:]).contains("No demo users: USHER_JWT_SECRET is missing"))
        let secret = ["USHER_JWT_SECRET": "a secret for tests, long enough for HS256"]
        let first = try output(secret)
        #expect(Self.users(first).count == 3)
        #expect(try output(secret) == first)
        let other = try output(["USHER_JWT_SECRET": "another secret for tests, long enough"])
        #expect(Self.users(other).isEmpty)
    }

    @Test("invalid settings are refused with a sentence that names the variable")
    func settings() throws {
        let base = [
            "DATABASE_URL": try TestServers.postgres.createDatabase("account_settings"),
            "REDIS_URL": try TestServers.redis.url, "PORT": "\(try freePort())",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PAYMENT_GATEWAY": "simulated",
        ]
        let url = ["USHER_OIDC_JWKS_URL": "https://id.example/keys"]
        let issuer = ["USHER_OIDC_ISSUER": "https://id.example/"]
        let wrong: [(named: String, settings: [String: String])] = [
            ("USHER_ACCESS_TOKEN_TTL", ["USHER_ACCESS_TOKEN_TTL": "soon"]),
            ("USHER_ACCESS_TOKEN_TTL", ["USHER_ACCESS_TOKEN_TTL": "2d"]),
            ("USHER_ACCESS_TOKEN_TTL", ["USHER_ACCESS_TOKEN_TTL": "0"]),
            ("USHER_REFRESH_TOKEN_TTL", ["USHER_REFRESH_TOKEN_TTL": "-1d"]),
            ("USHER_REFRESH_TOKEN_TTL", ["USHER_REFRESH_TOKEN_TTL": "99999999999999999999d"]),
            ("USHER_OIDC_ISSUER", url), ("USHER_OIDC_AUDIENCE", url.merging(issuer) { $1 }),
            ("USHER_OIDC_ISSUER is set", issuer), ("USHER_OIDC_ROLES_CLAIM is set", ["USHER_OIDC_ROLES_CLAIM": "r"]),
            ("USHER_OIDC_JWKS_URL", ["USHER_OIDC_JWKS_URL": "file:///etc/keys"]),
        ]
        for (name, settings) in wrong {
            let program = try Program(Cluster.binary, ["serve"], environment: base.merging(settings) { $1 })
            #expect(program.wait() == 1)
            #expect(program.output.hasPrefix(name) && program.output.hasSuffix(".\n"), "\(program.output)")
        }
    }
}
