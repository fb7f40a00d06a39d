import Loops
import Support
import Testing

@testable import RedisClient

@Suite("An idle Redis connection")
struct RedisRestTests {
    @Test("does not wake its loop without deadlines, and reconnects at once when it is lost")
    func rests() async throws {
        let server = try TestServers.redis
        var configuration = try RedisConfiguration(url: server.url)
        configuration.heartbeat = .milliseconds(1)
        configuration.minimumBackoff = .milliseconds(1)
        configuration.maximumBackoff = .milliseconds(2)
        configuration.commandTimeout = .seconds(3600)
        configuration.identityInterval = .seconds(3600)
        try await withConnection(configuration) { loop, connection in
            await eventually(loop, "it connects") { connection.isReady }
            let beats = try await self.beats(of: connection, on: loop)
            // One may have been pending when the link opened.
            #expect(beats <= 1)
            connection.transport.fail("a test has cut it")
            #expect(!connection.isConnected)
            await eventually(loop, "it reconnects long before its next heartbeat is due") { connection.isReady }
        }
    }

    /// Counts heartbeats while another timer of the same loop fires twenty times, five milliseconds apart.
    private func beats(of connection: RedisConnection, on loop: isolated EventLoop) async throws -> Int {
        let count = Seen<Int64>()
        let fires = Seen<Int>()
        let original = connection.transport.onHeartbeat
        connection.transport.onHeartbeat = {
            count.values.append($0)
            return original($0)
        }
        let timer = try LoopTimer(loop: loop, after: .milliseconds(5), repeats: true) { fires.values.append(1) }
        await eventually(loop, "a timer fires") { fires.values.count >= 20 }
        timer.cancel()
        connection.transport.onHeartbeat = original
        return count.values.count
    }
}
