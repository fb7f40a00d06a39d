import Foundation
import Loops
import PostgresClient
import Support
import Testing

/// Runs `body` on a new loop.
func onLoop<Value: Sendable>(
    _ body: @Sendable (isolated EventLoop) async throws -> Value
) async throws -> Value {
    let loop = try EventLoop(name: "test")
    defer { loop.stop() }
    return try await loop.run(body)
}

/// Runs `body` with a pool on a new loop.
func withPool<Value: Sendable>(
    _ configuration: PostgresConfiguration,
    _ body: @Sendable (EventLoop, PostgresPool) async throws -> Value
) async throws -> Value {
    try await onLoop { loop in
        let pool = PostgresPool(loop: loop, configuration: configuration)
        defer { pool.close() }
        return try await body(loop, pool)
    }
}

/// Runs `body` with a pool on the shared server's default database.
func withPool<Value: Sendable>(
    size: Int = 2, _ body: @Sendable (EventLoop, PostgresPool) async throws -> Value
) async throws -> Value {
    var configuration = PostgresConfiguration(uri: try TestServers.postgres.url)
    configuration.poolSize = size
    return try await withPool(configuration, body)
}

/// The `PostgresError` that `body` throws.
func failure(of body: nonisolated(nonsending) () async throws -> Void) async -> PostgresError? {
    await failure(as: PostgresError.self, of: body)
}

/// The error that `body` throws, if it is a `Failure`. Unlike `#expect(throws:)`, runs `body` on the caller's loop.
func failure<Failure: Error>(
    as type: Failure.Type, of body: nonisolated(nonsending) () async throws -> Void
) async -> Failure? {
    do {
        try await body()
        return nil
    } catch {
        return error as? Failure
    }
}

/// Counts events; lives on one loop.
final class Tally {
    var errors: [PostgresError] = []
    var successes = 0
    var peak = 0
    var total: Int { errors.count + successes }
}

/// Lets the loop run until `condition` holds, for at most 10 s.
func eventually(_ loop: EventLoop, _ condition: () async -> Bool) async -> Bool {
    for _ in 0..<2_000 {
        if await condition() { return true }
        await loop.sleep(for: .milliseconds(5))
    }
    return false
}

/// How many sockets of this process are connected to a port, from `/proc`.
func descriptorsToServer(_ port: UInt16) -> Int {
    let table = (try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? ""
    let hexadecimal = String(port, radix: 16, uppercase: true)
    let suffix = ":" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
    let inodes = table.split(separator: "\n").dropFirst().compactMap { line -> Substring? in
        let fields = line.split(separator: " ")
        return fields.count > 9 && fields[2].hasSuffix(suffix) ? fields[9] : nil
    }
    let wanted = Set(inodes.map { "socket:[\($0)]" })
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return descriptors.count {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") else {
            return false
        }
        return wanted.contains(target)
    }
}
