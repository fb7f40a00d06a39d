import Loops
import RedisClient
import Support
import Testing

@Suite("Redis failures")
struct RedisFailureTests {
    @Test("commands wait for an absent server up to the connect timeout, and are known not to be executed")
    func noServer() async throws {
        try await withConnection(impatient("redis://127.0.0.1:\(freePort())")) { loop, connection in
            let started = ContinuousClock.now
            let error = await failure(of: RedisCommand("PING"), on: connection)
            #expect(error?.code == .notConnected)
            #expect(error?.reason == "Connection refused")
            #expect(connection.pendingCommands == 0)
            #expect(ContinuousClock.now - started < .seconds(2))
        }
    }

    @Test("a command sent before the server is up is answered if the server comes in time")
    func lateServer() async throws {
        let server = try RedisServerProcess()
        server.stop()
        var configuration = try impatient(server.url)
        configuration.connectTimeout = .seconds(10)
        try await withConnection(configuration) { loop, connection in
            let seen = Seen<Outcome>()
            for _ in 0..<3 { connection.send(RedisCommand("INCR", "late")) { seen.values.append($0) } }
            await eventually(loop, "refused") { connection.lastFailure == "Connection refused" }
            try server.start()
            await eventually(loop, "answers") { seen.values.count == 3 }
            #expect(seen.values == [.success(.integer(1)), .success(.integer(2)), .success(.integer(3))])
        }
    }

    @Test("after SIGKILL the outcome of written commands is unknown; then the client reconnects")
    func killed() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            let seen = Seen<Outcome>()
            server.suspend()
            for _ in 0..<3 { connection.send(RedisCommand("INCR", "k")) { seen.values.append($0) } }
            let before = connection.writes
            await eventually(loop, "written") { connection.writes > before }
            server.kill()
            await eventually(loop, "failed") { seen.values.count == 3 }
            #expect(seen.values.map(\.code) == [.outcomeUnknown, .outcomeUnknown, .outcomeUnknown])
            #expect(connection.identity == nil && !connection.isReady)
            #expect(await failure(of: RedisCommand("PING"), on: connection)?.code == .notConnected)
            try server.start()
            await eventually(loop, "ready again") { connection.isReady }
            let reply = try await connection.send(RedisCommand("GET", "k")).isNull
            #expect(reply)
        }
    }

    @Test("commands to a hanging server fail at their deadline, and the server is used again when it resumes")
    func hangs() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.socketURL)) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            server.suspend()
            let started = ContinuousClock.now
            #expect(await failure(of: RedisCommand("PING"), on: connection)?.code == .outcomeUnknown)
            // 300 ms and a heartbeat, with tolerance for a busy machine.
            #expect((.milliseconds(280)..<Duration.seconds(2)).contains(ContinuousClock.now - started))
            #expect(await failure(of: RedisCommand("PING"), on: connection)?.code == .notConnected)
            server.resume()
            await eventually(loop, "ready again") { connection.isReady }
        }
    }

    @Test("an idle connection detects that its server hangs")
    func hangsIdle() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            server.suspend()
            await eventually(loop, "the hang is detected") { connection.identity == nil && !connection.isConnected }
            server.resume()
        }
    }

    @Test("with a hanging server, completely written commands are unknown and the others not executed")
    func partlyWritten() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.socketURL)) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            server.suspend()
            let seen = Seen<Outcome>()
            let text = String(repeating: "x", count: 100_000)
            for _ in 0..<100 { connection.send(RedisCommand("ECHO", text)) { seen.values.append($0) } }
            await eventually(loop, "failed") { seen.values.count == 100 }
            let unknown = seen.values.prefix { $0.code == .outcomeUnknown }.count
            #expect(unknown > 0 && unknown < 100)
            #expect(seen.values.dropFirst(unknown).allSatisfy { $0.code == .notConnected })
            server.resume()
        }
    }

    @Test("the number of waiting commands is limited")
    func bounded() async throws {
        var configuration = try impatient("redis://127.0.0.1:\(freePort())")
        configuration.maximumQueuedCommands = 10
        try await withConnection(configuration) { loop, connection in
            let seen = Seen<Outcome>()
            for _ in 0..<11 { connection.send(RedisCommand("PING")) { seen.values.append($0) } }
            #expect(seen.values.map(\.code) == [.queueFull])
            await eventually(loop, "expired") { seen.values.count == 11 }
            #expect(seen.values.dropFirst().allSatisfy { $0.code == .notConnected })
        }
    }

    @Test("closing fails waiting and later commands, and may happen in a completion")
    func closing() async throws {
        try await withConnection(impatient(TestServers.redis.url)) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            let seen = Seen<Outcome>()
            connection.send(RedisCommand("PING")) {
                seen.values.append($0)
                connection.close()
            }
            connection.send(RedisCommand("PING")) { seen.values.append($0) }
            await eventually(loop, "both failed") { seen.values.count == 2 }
            #expect(seen.values.map(\.code) == [nil, .outcomeUnknown])
            #expect(await failure(of: RedisCommand("PING"), on: connection)?.code == .notConnected)
        }
    }

    @Test("a server with another protocol is dropped, and no reply is invented")
    func notRedis() async throws {
        let postgres = try TestServers.postgres.port
        try await withConnection(impatient("redis://127.0.0.1:\(postgres)")) { _, connection in
            #expect(await failure(of: RedisCommand("PING"), on: connection)?.code == .notConnected)
            #expect(!connection.isConnected)
        }
    }

    @Test("100 lost connections leak no descriptor")
    func noLeak() async throws {
        let server = try RedisServerProcess()
        var configuration = try impatient(server.url)
        configuration.maximumBackoff = .milliseconds(2)
        try await withConnection(configuration) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            let port = server.port
            let before = sockets(to: port)
            #expect(before == 1)
            let losses = Seen<Bool>()
            connection.onIdentityChange = { if $0 == nil { losses.values.append(true) } }
            for round in 1...100 {
                connection.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")) { _ in }
                await eventually(loop, "lost and ready again") { losses.values.count == round && connection.isReady }
            }
            #expect(sockets(to: port) == before)
        }
        #expect(sockets(to: server.port) == 0)
    }
}
