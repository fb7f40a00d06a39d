import Loops
import RedisClient
import Support
import Testing

/// On separate servers, because FUNCTION FLUSH affects all clients.
@Suite("Redis functions")
struct RedisFunctionTests {
    /// A library with one function.
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

    @Test("a missing library is loaded once for all calls of a pipeline, which keep their order")
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

    @Test("two connections that miss the library at the same time are both served")
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
            // The second loader gets this error.
            let error = await #expect(throws: RedisError.self) {
                try await first.send(RedisCommand("FUNCTION", "LOAD", Self.add.library.source))
            }
            #expect(error?.isServerError(.libraryExists) == true)
        }
    }

    @Test("libraries with different texts are called side by side")
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

    @Test("the async form loads libraries too, also after a restart of a server without persistence")
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

    @Test("a function's error is thrown with its kind; a library that cannot load gives its own error")
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
            // The next library is not affected.
            let reply = try await connection.call(Self.add, keys: ["k"], arguments: ["5"]).integer
            #expect(reply == 5)
        }
    }

    @Test("a user who may call but not load gets an error, and is served once the library is loaded")
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

    @Test("a name matches a prefix only with a complete hash")
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
