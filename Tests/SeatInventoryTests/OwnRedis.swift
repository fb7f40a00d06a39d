import Loops
import RedisClient
import Support

/// Runs `body` on a new loop, connected to a new Redis.
func withOwnRedis(
    _ options: RedisServerProcess.Options,
    _ body: @Sendable (isolated EventLoop, RedisConnection, RedisServerProcess) async throws -> Void
) async throws {
    let redis = try RedisServerProcess(options)
    let loop = try EventLoop(name: "test")
    defer { loop.stop() }
    let configuration = try RedisConfiguration(url: redis.socketURL)
    try await loop.run { loop in
        let connection = RedisConnection(loop: loop, configuration: configuration)
        try connection.start()
        defer { connection.close() }
        try await body(loop, connection, redis)
    }
}
