import EventLoop
import RedisClient
import Support
import Testing

/// On servers of their own: SCRIPT FLUSH is for all.
@Suite("Redis scripts")
struct RedisScriptTests {
    private static let sum = RedisScript(
        name: "sum", source: "return redis.call('INCRBY', KEYS[1], ARGV[1])")

    @Test("a script that the server does not have is loaded, once for all calls of a pipeline")
    func loads() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            for round in 1...2 {
                _ = try await connection.send(RedisCommand("SCRIPT", "FLUSH"))
                let seen = Seen<Outcome>()
                for _ in 0..<100 {
                    var call = RedisScriptCall(Self.sum, keyCount: 1, argumentCount: 1)
                    call.append("sum")
                    call.append(2)
                    connection.evaluate(call) { seen.values.append($0) }
                }
                await eventually(loop, "100 replies") { seen.values.count == 100 }
                let expected = (1...100).map { Outcome.success(.integer(Int64(200 * (round - 1) + 2 * $0))) }
                #expect(seen.values == expected)
            }
            let stats = try await connection.send(RedisCommand("INFO", "commandstats")).string ?? ""
            #expect(stats.contains("cmdstat_script|load:calls=2,"))
        }
    }

    @Test("the waiting form loads as well, and over a restart of the server")
    func loadsWaiting() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            let reply = try await connection.evaluate(Self.sum, keys: ["k"], arguments: ["5"]).integer
            #expect(reply == 5)
            let next = try await connection.evaluate(Self.sum, keys: ["k"], arguments: ["5"]).integer
            #expect(next == 10)
            let before = connection.identity
            try server.restart()
            await eventually(loop, "ready again") { connection.isReady && connection.identity != before }
            let third = try await connection.evaluate(Self.sum, keys: ["k"], arguments: ["5"]).integer
            #expect(third == 5)
        }
    }

    @Test("an error of the script is thrown, one of its source too")
    func errors() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { _, connection in
            let failing = RedisScript(name: "failing", source: "return redis.error_reply('STALE epoch')")
            let error = await #expect(throws: RedisError.self) {
                try await connection.evaluate(failing, keys: [], arguments: [])
            }
            #expect(error?.isServerError(.init(prefix: "STALE")) == true)
            let broken = RedisScript(name: "broken", source: "return (")
            let second = await #expect(throws: RedisError.self) {
                try await connection.evaluate(broken, keys: [], arguments: [])
            }
            #expect(second?.isServerError(.noScript) == true)
        }
    }
}
