import Loops
import RedisClient
import Support
import Testing

/// Short timeouts, so that failures are seen quickly.
func impatient(_ url: String) throws -> RedisConfiguration {
    var configuration = try RedisConfiguration(url: url)
    configuration.heartbeat = .milliseconds(5)
    configuration.minimumBackoff = .milliseconds(2)
    configuration.maximumBackoff = .milliseconds(20)
    configuration.commandTimeout = .milliseconds(300)
    configuration.connectTimeout = .milliseconds(300)
    configuration.identityInterval = .milliseconds(20)
    return configuration
}

/// Runs `body` on a new loop with a started connection, and closes both.
func withConnection<Value: Sendable>(
    _ configuration: RedisConfiguration,
    _ body: @Sendable (isolated EventLoop, RedisConnection) async throws -> Value
) async throws -> Value {
    try await withLoop { loop in
        let connection = RedisConnection(loop: loop, configuration: configuration)
        try connection.start()
        defer { connection.close() }
        return try await body(loop, connection)
    }
}

/// Runs `body` on a new loop, and stops the loop.
func withLoop<Value: Sendable>(
    _ body: @Sendable (isolated EventLoop) async throws -> Value
) async throws -> Value {
    let loop = try EventLoop(name: "test")
    defer { loop.stop() }
    // Otherwise each await hops through the global pool, whose threads are blocked by tests that start servers.
    return try await withTaskExecutorPreference(loop.executor) { try await loop.run(body) }
}

/// Checks every 2 ms of the loop's time until the condition holds, for at most 10 s.
func eventually(
    _ loop: isolated EventLoop, _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async {
    let end = ContinuousClock.now + .seconds(10)
    while !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        await loop.sleep(for: .milliseconds(2))
    }
}

/// What the loop's callbacks have recorded.
final class Seen<Element> {
    var values: [Element] = []
}

typealias Outcome = Result<RedisValue, RedisError>

extension Outcome {
    var code: RedisError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }
}

/// The error of a command that must fail.
func failure(of command: RedisCommand, on connection: RedisConnection) async -> RedisError? {
    do {
        _ = try await connection.send(command)
        return nil
    } catch {
        return error
    }
}
