import Loops
import RedisClient
import Support
import Testing

@Suite("Redis identity")
struct RedisIdentityTests {
    @Test("the identity is known while connected, unknown otherwise, and different after a restart")
    func restart() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            let seen = Seen<RedisIdentity?>()
            connection.onIdentityChange = { seen.values.append($0) }
            _ = try await connection.send(RedisCommand("PING"))
            let first = try connection.knownIdentity()
            #expect(first.isMaster && first.runID.count == 40 && first.replicationID.count == 40)
            server.kill()
            await eventually(loop, "lost") { connection.identity == nil }
            try server.start()
            await eventually(loop, "known again") { connection.identity != nil }
            #expect(connection.identity?.runID != first.runID)
            #expect(seen.values == [first, nil, connection.identity])
        }
    }

    @Test("a demotion is detected without a command, and a promotion starts another history")
    func demotion() async throws {
        let server = try RedisServerProcess()
        try await withConnection(impatient(server.url)) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            let first = try connection.knownIdentity()
            _ = try await connection.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            await eventually(loop, "demoted") { connection.identity?.isMaster == false }
            _ = try await connection.send(RedisCommand("REPLICAOF", "NO", "ONE"))
            await eventually(loop, "promoted") { connection.identity?.isMaster == true }
            let second = try connection.knownIdentity()
            #expect(second.runID == first.runID && second.replicationID != first.replicationID)
            #expect(second.token != first.token)
        }
    }

    @Test("READONLY clears the identity at once, and queries it without waiting for the interval")
    func readOnly() async throws {
        let server = try RedisServerProcess()
        var configuration = try impatient(server.url)
        configuration.identityInterval = .seconds(60)
        try await withConnection(configuration) { loop, connection in
            await eventually(loop, "ready") { connection.isReady }
            _ = try await connection.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            #expect(connection.identity?.isMaster == true)
            let seen = Seen<RedisIdentity?>()
            connection.onIdentityChange = { seen.values.append($0) }
            let codes = Seen<Outcome>()
            for _ in 0..<5 { connection.send(RedisCommand("SET", "a", "b")) { codes.values.append($0) } }
            await eventually(loop, "known again") { connection.identity?.isMaster == false }
            #expect(seen.values.count == 2 && seen.values.first == .some(nil))
            #expect(codes.values.count == 5)
        }
    }
}
