import BundledDocuments
import Foundation
import Support
import Testing

/// The command-line interface.
@Suite("Commands", .serialized)
struct CommandTests {
    private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> (code: Int32, text: String)
    {
        let program = try Program(Cluster.binary, arguments, environment: environment)
        return (program.wait(), program.output)
    }

    @Test("help lists every command, and every command has its own help")
    func help() throws {
        let (code, all) = try run("--help")
        #expect(code == 0)
        let names = all.split(separator: "\n").filter { $0.hasPrefix("  ") }.map { String($0.split(separator: " ")[0]) }
        #expect(
            Set(names).isSuperset(of: [
                "dev", "serve", "reconcile", "migrate", "seed", "token", "user", "doctor", "verify",
                "replay-dead-letter",
            ]))
        for name in names {
            let (code, text) = try run(name, "--help")
            #expect(code == 0 && text.hasPrefix("usher \(name)"), "\(name): \(text)")
            #expect(try run("help", name).text == text)
        }
        #expect(all.contains("Exit codes"))
    }

    @Test("the exit code is 64 for unknown commands and options, 1 for failures, and both are explained")
    func exitCodes() throws {
        let (none, text) = try run()
        #expect(none == 64 && text.contains("usher COMMAND"))
        #expect(try run("fly") == (64, "fly is not a command of usher. usher --help lists them.\n"))
        #expect(try run("token", "sub").code == 64)
        #expect(try run("serve", "--sub", "ann").text == "--sub is not an option of this command.\n")
        #expect(try run("verify", "--event").code == 64)
        let (failed, sentence) = try run("migrate", environment: ["DATABASE_URL": ""])
        #expect(failed == 1 && sentence == "DATABASE_URL is missing.\n")
    }

    @Test(
        "a misspelt command or option is reported with a suggestion",
        arguments: [
            (["srve"], "srve is not a command of usher; did you mean serve? usher --help lists them.\n"),
            (["reconsile"], "reconsile is not a command of usher; did you mean reconcile? usher --help lists them.\n"),
            (["migrate", "--rolse"], "--rolse is not an option of this command; did you mean --roles?\n"),
            (["token", "--roll", "admin"], "--roll is not an option of this command; did you mean --role?\n"),
        ])
    func slips(_ words: [String], _ sentence: String) throws {
        let program = try Program(Cluster.binary, words)
        #expect(program.wait() == 64 && program.output == sentence, "\(program.output)")
    }

    @Test("the version matches openapi.yaml")
    func version() throws {
        let contract = try #require(
            try JSONSerialization.jsonObject(with: Data(Documents.openapi)) as? [String: Any])
        let version = try #require((contract["info"] as? [String: Any])?["version"] as? String)
        for words in ["version", "--version", "-V"] { #expect(try run(words) == (0, "usher \(version)\n")) }
        let cluster = try Cluster(copies: 1, environment: ["USHER_METRICS_PORT": ""])
        let metrics = try HTTPClient(port: cluster.ports[0]).send("GET", "/metrics").text
        #expect(metrics.contains("\nusher_build_info{version=\"\(version)\"} 1\n"))
    }

    @Test("migrate lists applied and missing migrations, and what it would revert, which needs --yes")
    func migrate() throws {
        let environment = [
            "DATABASE_URL": try TestServers.postgres.createDatabase("migrates"), "USHER_PARTITIONS": "4",
        ]
        func tables() throws -> [String] {
            try TestServers.postgres.rows(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database: "migrates")
        }
        let before = try run("migrate", "--status", environment: environment)
        #expect(before.code == 0 && before.text.contains("1  create_catalogue  missing\n"), "\(before.text)")
        #expect(before.text.contains(" missing; usher migrate applies them.\n"))
        #expect(try tables() == ["0"], "--status changed something")
        let first = try run("migrate", environment: environment)
        #expect(first.code == 0 && first.text.hasPrefix("Applied 1, create_catalogue.\nApplied 2, "), "\(first.text)")
        #expect(try run("migrate", environment: environment).text == "The schema matches this binary.\n")
        let after = try run("migrate", "--status", environment: environment)
        #expect(after.text.contains("1  create_catalogue  applied 2") && !after.text.contains("missing"))

        let all = try tables()
        let asked = try run("migrate", "--down-to", "1", environment: environment)
        #expect(
            asked.code == 1 && asked.text.contains("2 (create_bookings) and drops all") && asked.text.contains("--yes"),
            "\(asked.text)")
        #expect(try tables() == all, "--down-to without --yes reverted a migration")
        let down = try run("migrate", "--down-to", "1", "--yes", environment: environment)
        #expect(down.code == 0 && down.text.hasSuffix("2 (create_bookings).\n"), "\(down.text)")
        #expect(try tables() != all)
        let nothing = try run("migrate", "--down-to", "1", environment: environment)
        #expect(nothing.code == 0 && nothing.text == "Reverted: nothing.\n", "\(nothing.text)")
    }

    @Test("invalid addresses of stores are reported, each in one sentence")
    func addresses() throws {
        let good = ["REDIS_URL": "redis://127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/x"]
        for (name, value, sentence) in [
            (
                "DATABASE_URL", "mysql://root:secret@db/x",
                "DATABASE_URL must begin with postgresql://, not with mysql://.\n"
            ),
            (
                "DATABASE_URL", "jdbc:postgresql://db/x",
                "DATABASE_URL must begin with postgresql://, not with jdbc:postgresql://.\n"
            ),
            ("REDIS_URL", "rediss://db", "REDIS_URL: TLS (rediss:) is not supported; use a tunnel.\n"),
            ("REDIS_URL", "http://db", "REDIS_URL: it begins neither with redis:// nor with unix:.\n"),
        ] {
            let (code, text) = try run("verify", environment: good.merging([name: value]) { $1 })
            #expect(code == 1 && text == sentence, "\(text)")
        }
    }

    @Test("unknown settings are reported at start-up and by the doctor")
    func unknownSettings() throws {
        let cluster = try Cluster(copies: 1, environment: ["USHER_RATELIMIT": "off"])
        for name in ["serve-0", "reconcile"] {
            let said = cluster.copy(name)?.output ?? ""
            #expect(
                said.contains("unknown setting") && said.contains("USHER_RATELIMIT is not a setting; did you mean"),
                "\(said)")
        }
        let doctor = try cluster.run("doctor")
        #expect(doctor.code == 1 && doctor.said.contains("WRONG  USHER_RATELIMIT is not a setting; did you mean USHER"))
    }

    @Test("long commands show progress on a terminal, and nothing elsewhere")
    func progress() throws {
        let url = try TestServers.postgres.createDatabase("progress")
        let environment = [
            "DATABASE_URL": url, "USHER_PARTITIONS": "4",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256",
        ]
        let shown = try Program(
            "script", ["--quiet", "--return", "--command", "\(Cluster.binary) seed", "/dev/null"],
            environment: environment)
        let text = shown.readToEnd()
        #expect(
            shown.wait() == 0 && text.contains("Migrating: 1 of ") && text.contains("Seeding event 8 of 8"), "\(text)")
        let (code, quiet) = try run("seed", environment: environment)
        #expect(code == 0 && !quiet.contains("Seeding") && !quiet.contains("\u{1b}"), "\(quiet)")
    }

    @Test("the doctor finds nothing wrong with a good installation, and reports how to fix a bad one")
    func doctor() throws {
        let cluster = try Cluster(copies: 1)
        let good = [
            "REDIS_URL": cluster.redis.url, "DATABASE_URL": cluster.postgres.url, "USHER_PARTITIONS": "8",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PAYMENT_GATEWAY": "simulated",
        ]
        // The tests' PostgreSQL may run without fsync, which is a real fault.
        let (_, healthy) = try run("doctor", environment: good)
        let faults = healthy.split(separator: "\n").filter { $0.hasPrefix("WRONG") }
        #expect(faults.allSatisfy { $0.contains("fsync") || $0.contains("synchronous_commit") }, "\(healthy)")
        #expect(healthy.contains("8 of them are reconciled"))
        #expect(healthy.contains("WARN   No money is charged: the payment provider is the simulated one"))
        #expect(!healthy.contains("issue paid tickets"))
        let generous = try run("doctor", environment: good.merging(["USHER_DROP_IN_UNPAID": "1"]) { $1 }).text
        #expect(generous.contains("WARN   POST /api/bookings and /api/bookings/reserve issue paid tickets"))
        let unnamed = try run("doctor", environment: good.merging(["USHER_PAYMENT_GATEWAY": ""]) { $1 })
        #expect(unnamed.code == 1 && unnamed.text.contains("WRONG  USHER_PAYMENT_GATEWAY is missing."))

        cluster.kill("reconcile")
        let client = try RedisClientProgram(cluster.redis.port)
        try client.run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try client.run("CONFIG", "SET", "appendfsync", "everysec")
        try eventually("the lease expires") {
            try run("doctor", environment: good).text.contains("WRONG  0 of them are reconciled")
        }
        let wrong = good.merging(["USHER_PARTITIONS": "16", "USHER_JWT_SECRET": "short"]) { $1 }
        let (code, ill) = try run("doctor", environment: wrong)
        #expect(code == 1)
        for fault in [
            "WRONG  USHER_JWT_SECRET must have at least 32 bytes.", "WRONG  Redis runs maxmemory-policy allkeys-lru",
            "WRONG  The database has 8 partitions.", "Start usher reconcile", "Set USHER_PARTITIONS to 8",
            "redis-cli config set maxmemory-policy noeviction", "redis-cli config set appendfsync always",
        ] { #expect(ill.contains(fault), "\(ill)") }
        let away = good.merging(["REDIS_URL": "redis://127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/x"]) {
            $1
        }
        let (_, dead) = try run("doctor", environment: away)
        #expect(dead.contains("WRONG  Redis cannot be reached") && dead.contains("WRONG  PostgreSQL cannot be reached"))
    }
}

/// `redis-cli` on a loopback port.
private struct RedisClientProgram {
    let port: UInt16

    init(_ port: UInt16) throws { self.port = port }

    func run(_ arguments: String...) throws {
        let program = try Program("redis-cli", ["-p", "\(port)"] + arguments)
        #expect(program.wait() == 0, "\(program.output)")
    }
}
