import Loops
import RedisClient
import Support

/// Calls functions on its own Redis over one pipelined connection. Confined to one loop.
struct ScriptRedis {
    private let connection: RedisConnection

    /// Runs `body` on a new Redis with the library loaded.
    static func with<Value: Sendable>(
        _ body: @Sendable (ScriptRedis) async throws -> Value
    ) async throws -> Value {
        try await with(try RedisServerProcess(), body)
    }

    /// Runs `body` with a new connection on a new loop.
    static func with<Value: Sendable>(
        _ server: RedisServerProcess, _ body: @Sendable (ScriptRedis) async throws -> Value
    ) async throws -> Value {
        let loop = try EventLoop(name: "functions")
        defer { loop.stop() }
        var configuration = try RedisConfiguration(url: server.socketURL)
        // Long enough for a busy machine.
        configuration.commandTimeout = .seconds(600)
        let settled = configuration
        return try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: settled)
            try connection.start()
            defer { connection.close() }
            let redis = ScriptRedis(connection: connection)
            _ = await redis.send(["FUNCTION", "LOAD", "REPLACE", FunctionName.library])
            return try await body(redis)
        }
    }

    /// Sends commands in one write; a failed command's reply is its error.
    func send(_ commands: [[[UInt8]]]) async -> [RedisValue] {
        await send(commands.map(Self.command))
    }

    /// Sends one command.
    func send(_ command: [String]) async -> RedisValue {
        await send([RedisCommand(command)])[0]
    }

    /// Sends one command.
    func send(_ command: [[UInt8]]) async -> RedisValue {
        await send([Self.command(command)])[0]
    }

    private func send(_ commands: [RedisCommand]) async -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        let connection = connection
        return await withCheckedContinuation { continuation in
            var replies: [RedisValue] = []
            replies.reserveCapacity(commands.count)
            for command in commands {
                connection.send(command) { result in
                    switch result {
                    case .success(let reply): replies.append(reply)
                    case .failure(let error): replies.append(.status("error: \(error)"))
                    }
                    if replies.count == commands.count { continuation.resume(returning: replies) }
                }
            }
        }
    }

    private static func command(_ words: [[UInt8]]) -> RedisCommand {
        var command = RedisCommand(argumentCount: words.count)
        for word in words { command.append(word) }
        return command
    }

    /// Runs a step and reads a hash field in one transaction.
    func perform(_ step: ScriptStep, andRead field: String, of key: [UInt8]) async -> (RedisValue, field: [UInt8]?) {
        let replies = await send([
            RedisCommand("MULTI"), Self.command(step.command),
            Self.command([Array("HGET".utf8), key, Array(field.utf8)]), RedisCommand("EXEC"),
        ])
        let parts = replies.last?.array ?? []
        return (parts.first ?? .null, parts.last?.bytes)
    }

    /// Parses a section of INFO.
    func info(_ section: String) async -> [String: String] {
        let lines = await send(["INFO", section]).string?.split(whereSeparator: \.isNewline) ?? []
        let pairs = lines.map { $0.split(separator: ":", maxSplits: 1).map(String.init) }.filter { $0.count == 2 }
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
    }

    /// Sends steps in order; steps that need Redis's clock get its current value.
    func perform(_ steps: [ScriptStep]) async -> [RedisValue] {
        var replies: [RedisValue] = []
        var pending: [[[UInt8]]] = []
        for step in steps {
            guard step.needsClock else {
                pending.append(step.command)
                continue
            }
            replies += await send(pending)
            pending = []
            replies.append(await performNow(step))
        }
        return replies + (await send(pending))
    }

    /// Retries, since a machine that stalls for ten seconds makes the clock too old; such a call has no effect.
    private func performNow(_ step: ScriptStep) async -> RedisValue {
        var reply = RedisValue.null
        for _ in 0..<5 {
            let time = await send(["TIME"]).array?.compactMap(\.integer) ?? [0, 0]
            reply = await send(step.command(clock: String(time[0] * 1000 + time[1] / 1000)))
            if reply.array?.first?.string != "TOO_OLD" { break }
        }
        return reply
    }
}
