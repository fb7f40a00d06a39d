import Support
import Testing

@Suite("An unsafe configuration prevents the start, with a sentence")
struct StartupTests {
    /// The output of `usher serve` with a Redis, until it ends or serves.
    private func start(_ redis: RedisServerProcess, _ url: String? = nil, _ more: [String: String] = [:]) throws
        -> String
    {
        let name = "startup_\(UInt32.random(in: .min ... .max))"
        let environment = [
            "REDIS_URL": url ?? redis.url, "DATABASE_URL": try TestServers.postgres.createDatabase(name),
            "USHER_LOOPS": "1", "USHER_PARTITIONS": "4", "PORT": "\(try freePort())",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_PAYMENT_GATEWAY": "simulated",
        ].merging(more) { $1 }
        let program = try Program(Cluster.binary, ["serve"], environment: environment)
        return program.read(until: "serving on") ?? program.output
    }

    private func server(_ arguments: [String], appendOnly: Bool = true) throws -> RedisServerProcess {
        var options = RedisServerProcess.Options()
        options.appendOnly = appendOnly
        options.extraArguments = arguments
        return try RedisServerProcess(options)
    }

    @Test("eviction")
    func eviction() throws {
        let said = try start(server(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]))
        #expect(said.contains("allkeys-lru, which evicts holds; set it to noeviction"))
    }

    @Test("no append-only file")
    func noFile() throws {
        let said = try start(server([], appendOnly: false))
        #expect(said.contains("loses every hold; set appendonly yes"))
    }

    @Test("a user without the permissions that Usher needs")
    func rights() throws {
        for (command, says) in [
            ("xadd", "can't run this command"), ("function|load", "'function|load' command"),
            ("fcall", "'fcall' command"),
        ] {
            let redis = try server(["--user", "usher", "on", ">secret", "~*", "&*", "+@all", "-\(command)"])
            let said = try start(redis, "redis://usher:secret@127.0.0.1:\(redis.port)")
            #expect(
                said.contains("lacks a permission that Usher needs (FUNCTION LOAD, FCALL and what"), "\(said)")
            #expect(said.contains(says), "\(said)")
        }
    }

    @Test("another number of partitions")
    func partitions() throws {
        let redis = try server([])
        let name = "startup_partitions"
        let url = try TestServers.postgres.createDatabase(name)
        let first = try Program(
            Cluster.binary, ["migrate"],
            environment: ["DATABASE_URL": url, "REDIS_URL": redis.url, "USHER_PARTITIONS": "8"])
        #expect(first.readToEnd().contains("schema"))
        let said = try start(redis, nil, ["DATABASE_URL": url])
        #expect(said.contains("USHER_PARTITIONS is 4, but this database was set up with 8 partitions"))
    }
}

@Suite("usher verify")
struct VerifyTests {
    @Test("reports that the stores agree, or exits with 1; replay-dead-letter reports that there are no dead letters")
    func verify() throws {
        let cluster = try Cluster(copies: 1)
        let event = try cluster.makeEvent(capacity: 10)
        let good = try cluster.run("verify")
        #expect(good.said.contains("1 event compared, all agree.\n") && good.code == 0, "\(good.said)")
        let replay = try cluster.run("replay-dead-letter")
        #expect(replay.said.contains("There are no dead letters.") && replay.code == 0)
        cluster.redis.kill()
        let away = try cluster.run("verify", "--event", event.id)
        #expect(
            away.said.hasPrefix("Redis (REDIS_URL) cannot be reached: ") && !away.said.contains("notConnected")
                && away.code == 1, "\(away.said)")
    }
}
