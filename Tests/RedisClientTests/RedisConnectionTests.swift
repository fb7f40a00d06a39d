import Loops
import RedisClient
import Support
import Testing

@Suite("Redis connection")
struct RedisConnectionTests {
    @Test("any bytes survive a round trip, by TCP and by unix socket", arguments: [false, true])
    func binarySafe(unix: Bool) async throws {
        let server = try TestServers.redis
        try await withConnection(impatient(unix ? server.socketURL : server.url)) { _, connection in
            let value = (0...255).map { UInt8($0) } + Array("\r\n$3\r\n".utf8)
            var set = RedisCommand(argumentCount: 3)
            set.append("SET")
            set.append("conn:\(unix)" + "\0\r\n")
            set.append(value)
            let reply = try await connection.send(set)
            #expect(reply == .status("OK"))
            let second = try await connection.send(RedisCommand("GET", "conn:\(unix)\0\r\n"))
            #expect(second == .bytes(value))
        }
    }

    @Test("a value larger than every buffer survives a round trip")
    func large() async throws {
        var configuration = try impatient(TestServers.redis.url)
        configuration.commandTimeout = .seconds(30)
        try await withConnection(configuration) { _, connection in
            let value = [UInt8](repeating: 7, count: 20_000_000)
            var echo = RedisCommand(argumentCount: 2)
            echo.append("ECHO")
            echo.append(value)
            let reply = try await connection.send(echo)
            #expect(reply == .bytes(value))
        }
    }

    @Test("replies of every type, nested and null")
    func replies() async throws {
        try await withConnection(impatient(TestServers.redis.url)) { _, connection in
            let source = "return {1, 'two', false, {3, {redis.status_reply('four')}}, redis.error_reply('FIVE x'), {}}"
            let reply = try await connection.send(RedisCommand("EVAL", source, "0"))
            #expect(
                reply
                    == .array([
                        .integer(1), .bytes([116, 119, 111]), .null,
                        .array([.integer(3), .array([.status("four")])]),
                        .error(RedisServerError(message: "FIVE x")), .array([]),
                    ]))
            let missing = try await connection.send(RedisCommand("GET", "conn:none"))
            #expect(missing.isNull)
            let missingArray = try await connection.send(RedisCommand("BLPOP", "conn:none", "0.001"))
            #expect(missingArray.isNull)
        }
    }

    @Test("an error reply is thrown with its kind, and the connection stays open")
    func errors() async throws {
        try await withConnection(impatient(TestServers.redis.url)) { _, connection in
            _ = try await connection.send(RedisCommand("SET", "conn:text", "x"))
            let wrong = await failure(of: RedisCommand("LPUSH", "conn:text", "x"), on: connection)
            #expect(wrong?.isServerError(.wrongType) == true)
            #expect(await failure(of: RedisCommand("NOSUCH"), on: connection)?.isServerError(.other) == true)
            #expect(await failure(of: RedisCommand(argumentCount: 2), on: connection)?.code == .misuse)
            let reply = try await connection.send(RedisCommand("PING"))
            #expect(reply == .status("PONG"))
        }
    }

    @Test("10,000 commands of one tick are answered in order, with one write")
    func pipeline() async throws {
        var configuration = try impatient(TestServers.redis.socketURL)
        configuration.commandTimeout = .seconds(30)
        configuration.identityInterval = .seconds(60)
        try await withConnection(configuration) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            let seen = Seen<Int64?>()
            let before = connection.writes
            for number in 0..<10_000 {
                connection.send(RedisCommand("ECHO", "\(number)")) { seen.values.append((try? $0.get())?.integer) }
            }
            await eventually(loop, "10,000 replies") { seen.values.count == 10_000 }
            #expect(seen.values == (0..<10_000).map { Int64($0) })
            // The kernel takes the 270 KB in a few portions.
            #expect(connection.writes - before < 20)
        }
    }

    @Test("commands of several tasks in one tick are one write")
    func oneWrite() async throws {
        var configuration = try impatient(TestServers.redis.url)
        configuration.identityInterval = .seconds(60)
        try await withConnection(configuration) { loop, connection in
            _ = try await connection.send(RedisCommand("PING"))
            let before = connection.writes
            let seen = Seen<RedisValue?>()
            for _ in 0..<50 {
                loop.spawn { seen.values.append(try? await connection.send(RedisCommand("PING"))) }
            }
            await eventually(loop, "50 replies") { seen.values.count == 50 }
            #expect(connection.writes - before == 1)
            #expect(seen.values.allSatisfy { $0 == .status("PONG") })
        }
    }

    @Test("user, password, database and name are sent when connecting")
    func introduction() async throws {
        var options = RedisServerProcess.Options()
        options.password = "default secret"
        let server = try RedisServerProcess(options)
        let admin = "redis://:default%20secret@127.0.0.1:\(server.port)/3"
        try await withConnection(impatient(admin)) { _, connection in
            _ = try await connection.send(RedisCommand("ACL", "SETUSER", "u", "on", ">p w", "~*", "+@all"))
        }
        var configuration = try impatient("redis://u:p%20w@127.0.0.1:\(server.port)/3")
        configuration.clientName = "usher-test"
        try await withConnection(configuration) { _, connection in
            let reply = try await connection.send(RedisCommand("ACL", "WHOAMI")).string
            #expect(reply == "u")
            let info = try await connection.send(RedisCommand("CLIENT", "INFO")).string ?? ""
            #expect(info.contains(" name=usher-test ") && info.contains(" db=3 "))
        }
    }

    @Test("a wrong or missing password is reported, and nothing is executed", arguments: ["", "u:wrong@", ":wrong@"])
    func wrongPassword(credentials: String) async throws {
        var options = RedisServerProcess.Options()
        options.password = "secret"
        let server = try RedisServerProcess(options)
        try await withConnection(impatient("redis://\(credentials)127.0.0.1:\(server.port)")) { _, connection in
            let error = await failure(of: RedisCommand("PING"), on: connection)
            #expect(error?.code == .notConnected)
            #expect(error?.reason.contains("password") == true)
            #expect(!connection.isConnected && connection.identity == nil)
        }
    }

    @Test("a user without permission to query the identity can still work")
    func restrictedUser() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { _, connection in
            _ = try await connection.send(RedisCommand("ACL", "SETUSER", "u", "on", ">p", "~*", "+get"))
        }
        try await withConnection(impatient("redis://u:p@127.0.0.1:\(server.port)")) { _, connection in
            let reply = try await connection.send(RedisCommand("GET", "x")).isNull
            #expect(reply)
            #expect(connection.identity == nil && connection.isConnected && !connection.isReady)
            #expect(throws: RedisError.self) { try connection.knownIdentity() }
        }
    }

    @Test("a host name is resolved")
    func hostName() async throws {
        let port = try TestServers.redis.port
        try await withConnection(impatient("redis://localhost:\(port)")) { _, connection in
            let reply = try await connection.send(RedisCommand("PING"))
            #expect(reply == .status("PONG"))
        }
    }
}
