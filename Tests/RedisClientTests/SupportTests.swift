import Support
import Testing

@Suite("Test servers")
struct SupportTests {
    @Test("redis keeps its data, with an append-only file, and its address over a kill")
    func redisRestarts() throws {
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        let server = try RedisServerProcess(options)
        let first = server.processID
        server.kill()
        #expect(server.processID == nil)
        try server.start()
        #expect(server.processID != nil && server.processID != first)
        server.suspend()
        server.resume()
        try server.restart()
        try server.waitUntilReady()
    }

    @Test("postgres creates databases, and survives a kill, a hang and a restart")
    func postgresRestarts() throws {
        let server = try PostgresServerProcess()
        #expect(try server.createDatabase("one").hasSuffix("/one"))
        try server.query("CREATE TABLE t (x int)", database: "one")
        #expect(throws: SupportError.self) { try server.query("CREATE TABLE t (x int)", database: "one") }
        server.kill()
        try server.start()
        server.suspend()
        server.resume()
        try server.query("INSERT INTO t VALUES (1)", database: "one")
        try server.restart()
        try server.query("INSERT INTO t VALUES (2)", database: "one")
    }

    @Test("the shared servers are the same at every use")
    func sharedServers() throws {
        #expect(try TestServers.redis.port == TestServers.redis.port)
        #expect(try TestServers.postgres.port == TestServers.postgres.port)
    }

    @Test("a seed replays its sequence")
    func seeds() {
        var first = SeededGenerator(seed: 1)
        var second = SeededGenerator(seed: 1)
        #expect(first.next() == second.next())
        #expect(first.next() != first.next())
    }
}
