import Foundation
import Support
import Testing

/// The accounts of `usher migrate --roles`, in stores that require their passwords.
@Suite("Accounts with least privilege", .serialized)
struct RolesTests {
    /// Runs one statement or command as an account, and returns its output.
    private func ask(_ role: String, _ cluster: Cluster, sql: String) throws -> String {
        let url = Accounts.environment(role, cluster.redis, cluster.postgres)["DATABASE_URL"] ?? ""
        return try Program("psql", ["-X", "-A", "-t", "-d", url, "-c", sql]).readToEnd()
    }

    private func ask(_ role: String, _ cluster: Cluster, redis: [String]) throws -> String {
        let password = Accounts.passwords["USHER_\(role.uppercased())_PASSWORD"] ?? ""
        let server = [
            "-p", "\(cluster.redis.port)", "--user", "usher_\(role)", "--pass", password, "--no-auth-warning",
        ]
        return try Program("redis-cli", server + redis).readToEnd()
    }

    @Test("serve and reconcile can sell, persist and recover with them, and are refused everything else")
    func accounts() throws {
        let cluster = try Cluster(copies: 1, accounts: Accounts())
        let event = try cluster.makeEvent(capacity: 10)
        let client = HTTPClient(port: cluster.ports[0])
        let user = bearer(try cluster.token("ann"))
        func book() throws -> HTTPClient.Answer {
            try client.send(
                "POST", "/v1/bookings", headers: user,
                body: """
                    {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],
                     "payment":{"cardNumber":"4242424242424242"}}
                    """)
        }
        #expect(try book().json["status"] as? String == "CONFIRMED")
        let account = "{\"email\":\"ann@example.com\",\"password\":\"a password 1\",\"name\":\"Ann\"}"
        #expect(try client.send("POST", "/v1/auth/register", body: account).status == 201)
        // The users survive a restart of Redis, and the reconciler recovers Redis as one of them.
        try cluster.redis.restart()
        try cluster.waitUntilReady()
        #expect(try book().json["status"] as? String == "CONFIRMED")
        try eventually("both bookings are persisted") { cluster.postgres.rowsOfBookings == 2 }
        for name in ["serve-0", "reconcile"] {
            let said = cluster.copy(name)?.output ?? ""
            #expect(!said.contains("42501") && !said.contains("NOPERM"), "\(said)")
        }
        try refusals(cluster)
    }

    @Test("appendfsync is known from migrate --roles until Redis restarts")
    func sync() throws {
        let cluster = try Cluster(copies: 1, accounts: Accounts())
        func isUnknown() throws -> Bool {
            let doctor = try Program(
                Cluster.binary, ["doctor"],
                environment: Accounts.environment("serve", cluster.redis, cluster.postgres).merging([
                    "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PARTITIONS": "8",
                    "USHER_PAYMENT_GATEWAY": "simulated",
                ]) { $1 })
            return doctor.readToEnd().contains("It is unknown whether Redis runs appendfsync always")
        }
        #expect(try !isUnknown())
        #expect(cluster.copy("serve-0")?.output.contains("appendfsync") == false)
        try cluster.redis.restart()
        #expect(try isUnknown())
        #expect(try cluster.run("migrate", "--roles").code == 0)
        #expect(try !isUnknown())
    }

    private func refusals(_ cluster: Cluster) throws {
        for (role, statements) in [
            "serve": [
                "CREATE TABLE t (a int)", "DROP TABLE bookings",
                "ALTER TABLE tiers DROP CONSTRAINT tiers_never_oversold",
                "TRUNCATE bookings", "DELETE FROM bookings", "UPDATE bookings SET status = 'CONFIRMED'",
                "DELETE FROM events", "UPDATE partitions SET epoch = 0", "CREATE ROLE r", "COPY users TO PROGRAM 'cat'",
                "SET ROLE usher_migrate", "DELETE FROM audit_log", "UPDATE audit_log SET reason = ''",
                "TRUNCATE audit_log",
            ],
            "reconcile": [
                "CREATE TABLE t (a int)", "TRUNCATE bookings", "DELETE FROM bookings", "SELECT * FROM users",
                "SELECT * FROM refresh_tokens", "UPDATE events SET title = ''",
                "ALTER TABLE bookings DISABLE TRIGGER ALL",
                "COPY bookings TO '/tmp/x'", "UPDATE audit_log SET reason = ''", "TRUNCATE audit_log",
            ],
        ] {
            for statement in statements {
                let said = try ask(role, cluster, sql: statement)
                #expect(
                    said.contains("ERROR:") && said.contains(/permission denied|must be owner|must be superuser/),
                    "\(role): \(statement): \(said)")
            }
        }
        for role in ["serve", "reconcile"] {
            #expect(try ask(role, cluster, redis: ["PING"]) == "PONG\n")
            for command in [
                ["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "requirepass"], ["CONFIG", "GET", "masterauth"],
                ["CONFIG", "GET", "*"], ["ACL", "GETUSER", "default"], ["MODULE", "LIST"], ["CLIENT", "LIST"],
                ["EVAL", "return redis.call('CONFIG', 'GET', 'requirepass')", "0"],
                ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"], ["KEYS", "*"],
                ["SHUTDOWN"], ["ACL", "LIST"], ["SCRIPT", "FLUSH"], ["SWAPDB", "0", "1"],
                ["GET", "somebody:else"], ["PUBLISH", "somebody:else", "x"],
            ] {
                #expect(
                    try ask(role, cluster, redis: command).contains(/NOPERM|not allowed from script/),
                    "\(role): \(command)")
            }
        }
        #expect(try ask("reconcile", cluster, redis: ["GET", "usher:login:account:x"]).hasPrefix("NOPERM"))
    }

    @Test("creating them again keeps existing ones, and migrating needs only its own account")
    func again() throws {
        let cluster = try Cluster(copies: 0, accounts: Accounts())
        let again = try cluster.run("migrate", "--roles")
        #expect(again.code == 0 && again.said.contains("Redis has the users usher_serve, usher_reconcile."))
        #expect(!again.said.contains("loses"), "Redis has an aclfile here")
        let own = Accounts.environment("migrate", cluster.redis, cluster.postgres)
            .merging(["USHER_PARTITIONS": "8"]) { $1 }
        func run(_ words: [String], _ environment: [String: String]) throws -> (said: String, code: Int32) {
            let program = try Program(Cluster.binary, words, environment: environment)
            return (program.readToEnd(), program.wait())
        }
        #expect(try run(["migrate", "--down-to", "5", "--yes"], own).code == 0)
        let serve = own.merging(Accounts.environment("serve", cluster.redis, cluster.postgres)) { $1 }
            .merging([
                "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PAYMENT_GATEWAY": "simulated",
            ]) { $1 }
        let early = try run(["serve"], serve)
        #expect(early.code == 1 && early.said.hasSuffix("run usher migrate as its owner.\n"), "\(early.said)")
        #expect(try run(["migrate"], own).code == 0)
        #expect(try ask("serve", cluster, sql: "SELECT count(*) FROM bookings") == "0\n")
        let forbidden = try run(["migrate", "--roles"], own.merging(Accounts.passwords) { $1 })
        #expect(
            forbidden.code == 1 && forbidden.said.contains("PostgreSQL (DATABASE_URL) refuses"), "\(forbidden.said)")
        let missing = try run(["migrate", "--roles"], own)
        #expect(missing.said == "USHER_SERVE_PASSWORD is missing.\n")
    }
}

extension PostgresServerProcess {
    fileprivate var rowsOfBookings: Int? { try? rows("SELECT count(*) FROM bookings").first.flatMap { Int($0) } }
}
