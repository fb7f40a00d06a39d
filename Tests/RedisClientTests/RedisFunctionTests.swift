import EventLoop
import RedisClient
import Support
import Testing

/// On servers of their own: FUNCTION FLUSH is for all.
@Suite("Redis functions")
struct RedisFunctionTests {
    /// A library of one function.
    private static func library(_ body: String) -> RedisLibrary {
        RedisLibrary(
            prefix: "test",
            text: "redis.register_function(library_name .. '_act', function(keys, argv) \(body) end)")
    }

    private static let add = library("return redis.call('INCRBY', keys[1], argv[1])").function("act")

    private static func loads(_ connection: RedisConnection) async throws -> Int {
        let stats = try await connection.send(RedisCommand("INFO", "commandstats")).string ?? ""
        return stats.firstMatch(of: /cmdstat_function\|load:calls=(\d+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test("a library that the server does not have is loaded, once for all calls of a pipeline, which keep their order")
    func loads() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            for round in 1...2 {
                _ = try await connection.send(RedisCommand("FUNCTION", "FLUSH"))
                let seen = Seen<Outcome>()
                for _ in 0..<100 {
                    var call = RedisFunctionCall(Self.add, keyCount: 1, argumentCount: 1)
                    call.append("sum")
                    call.append(2)
                    connection.call(call) { seen.values.append($0) }
                }
                await eventually(loop, "100 replies") { seen.values.count == 100 }
                let expected = (1...100).map { Outcome.success(.integer(Int64(200 * (round - 1) + 2 * $0))) }
                #expect(seen.values == expected)
            }
            let loads = try await Self.loads(connection)
            #expect(loads == 2)
        }
    }

    @Test("two connections that find it gone at once are both served")
    func race() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, first in
            let second = RedisConnection(loop: loop, configuration: first.configuration)
            try second.start()
            defer { second.close() }
            await eventually(loop, "both connected") { first.isReady && second.isReady }
            let seen = Seen<Outcome>()
            for connection in [first, second] {
                var call = RedisFunctionCall(Self.add, keyCount: 1, argumentCount: 1)
                call.append("sum")
                call.append(1)
                connection.call(call) { seen.values.append($0) }
            }
            await eventually(loop, "both replies") { seen.values.count == 2 }
            #expect(Set(seen.values.compactMap { try? $0.get().integer }) == [1, 2])
            // Whoever came second was told this.
            let error = await #expect(throws: RedisError.self) {
                try await first.send(RedisCommand("FUNCTION", "LOAD", Self.add.library.source))
            }
            #expect(error?.isServerError(.libraryExists) == true)
        }
    }

    @Test("libraries of different texts are called side by side")
    func versions() async throws {
        let server = try RedisServerProcess()
        let other = Self.library("return redis.call('DECRBY', keys[1], argv[1])").function("act")
        #expect(other.fullName != Self.add.fullName)
        try await withConnection(impatient(server.url)) { _, connection in
            for (function, expected) in [(Self.add, 5), (other, 0), (Self.add, 5), (other, 0)] {
                let reply = try await connection.call(function, keys: ["k"], arguments: ["5"]).integer
                #expect(reply == Int64(expected))
            }
            let loads = try await Self.loads(connection)
            #expect(loads == 2)
        }
    }

    @Test("the waiting form loads as well, and over a restart of a server that keeps nothing")
    func loadsWaiting() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            for expected in [5, 10] {
                let reply = try await connection.call(Self.add, keys: ["k"], arguments: ["5"]).integer
                #expect(reply == Int64(expected))
            }
            let before = connection.identity
            try server.restart()
            await eventually(loop, "ready again") { connection.isReady && connection.identity != before }
            let third = try await connection.call(Self.add, keys: ["k"], arguments: ["5"]).integer
            #expect(third == 5)
        }
    }

    @Test("an error of the function is thrown by its kind, one of the library's text as the reason it is not there")
    func errors() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { _, connection in
            for body in ["return redis.error_reply('STALE epoch')", "error({ err = 'STALE epoch' })"] {
                let failing = Self.library(body).function("act")
                let error = await #expect(throws: RedisError.self) {
                    try await connection.call(failing, keys: [], arguments: [])
                }
                #expect(error?.isServerError(.init(prefix: "STALE")) == true)
            }
            let broken = Self.library("return (").function("act")
            let second = await #expect(throws: RedisError.self) {
                try await connection.call(broken, keys: [], arguments: [])
            }
            #expect(second?.serverError?.message.contains("Error compiling function") == true)
            // The next library is none the worse for it.
            let reply = try await connection.call(Self.add, keys: ["k"], arguments: ["5"]).integer
            #expect(reply == 5)
        }
    }

    @Test("who may call but not load is told that, and is served when somebody else has loaded")
    func forbidden() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, administrator in
            _ = try await administrator.send(
                RedisCommand("ACL", "SETUSER", "caller", "on", ">secret", "~*", "+fcall", "+incrby", "+info", "+ping"))
            let url = server.url.replacing("redis://", with: "redis://caller:secret@")
            let connection = RedisConnection(loop: loop, configuration: try impatient(url))
            try connection.start()
            defer { connection.close() }
            let error = await #expect(throws: RedisError.self) {
                try await connection.call(Self.add, keys: ["k"], arguments: ["5"])
            }
            #expect(error?.isServerError(.noPermission) == true)
            #expect(error?.serverError?.message.contains("function|load") == true)
            _ = try await administrator.call(Self.add, keys: ["k"], arguments: ["5"])
            let reply = try await connection.call(Self.add, keys: ["k"], arguments: ["5"]).integer
            #expect(reply == 10)
        }
    }

    @Test("a name is of a prefix only with a whole hash")
    func names() {
        #expect(RedisLibrary.isName(Self.add.library.name, prefix: "test"))
        for other in [
            "test", "test_", "test_backup", "test_0123456789abcde", "test_0123456789ABCDEF",
            "tests_0123456789abcdef",
        ] {
            #expect(!RedisLibrary.isName(other, prefix: "test"), "\(other)")
        }
    }
}
