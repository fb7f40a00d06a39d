import BoxOffice
import Support

/// Runs random commands against a Redis and the model, and compares them.
struct DifferentialRun {
    /// A difference, and the commands that led to it.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Commands in one round; each round starts with an empty Redis.
    static let roundLength = 400

    let redis: ScriptRedis
    let seed: UInt64
    let kinds: [CommandGenerator.Kind]
    /// The kind to draw most often.
    var favoured: CommandGenerator.Kind?

    /// Runs `count` commands. The first failing round is repeated one command at a time, to find the command.
    ///
    /// - Returns: the number of each answer, keyed by the script's name and a word.
    func run(_ count: Int) async throws -> [String: Int] {
        var answers: [String: Int] = [:]
        var seeds = SeededGenerator(seed: seed)
        for first in stride(from: 0, to: count, by: Self.roundLength) {
            let length = min(Self.roundLength, count - first)
            let roundSeed = seeds.next()
            do {
                let (steps, moves) = try await round(roundSeed, length, first, batchLimit: 160)
                for answer in steps.flatMap(\.answers) { answers[answer, default: 0] += 1 }
                for move in moves { answers["moved \(move[0].rawValue)>\(move[1].rawValue)", default: 0] += 1 }
            } catch let failure as Failure {
                _ = try await round(roundSeed, length, first, batchLimit: 1)
                throw failure
            }
        }
        return answers
    }

    /// Runs one round: commands in batches, and a check of the keyspace after each batch.
    private func round(
        _ seed: UInt64, _ length: Int, _ first: Int, batchLimit: Int
    ) async throws -> (steps: [ScriptStep], moves: Set<[BookingStatus]>) {
        _ = await redis.send(["FLUSHALL"])
        var generator = CommandGenerator(seed: seed, kinds: kinds, favoured: favoured)
        var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
        if !kinds.contains(.recoveryStep) {
            generator.openAll()
            await keyspace.write(generator.model)
        }
        var sizes = SeededGenerator(seed: ~seed)
        var done: [ScriptStep] = []
        var count = 0
        while count < length {
            var batch: [ScriptStep] = []
            let size = Int.random(in: 1...batchLimit, using: &sizes)
            var isLost = false
            while batch.count < size, count < length, !isLost {
                let (kind, partition) = generator.choose()
                if kind == .lose {
                    // Compare first, since nothing is left afterwards.
                    try await check(batch, &keyspace, &generator, done, first)
                    done += batch
                    batch = []
                    keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
                    isLost = true
                }
                batch.append(generator.step(kind, partition))
                count += batch.last?.weight ?? 1
            }
            try await check(batch, &keyspace, &generator, done, first)
            done += batch
        }
        do {
            try await keyspace.checkAll(generator.model)
        } catch let mismatch as Mismatch {
            throw failure(mismatch, done, first)
        }
        return (done, generator.model.moves)
    }

    private func check(
        _ batch: [ScriptStep], _ keyspace: inout KeyspaceComparison, _ generator: inout CommandGenerator,
        _ done: [ScriptStep], _ first: Int
    ) async throws {
        var seen = done
        do {
            let replies = await redis.perform(batch)
            let logs: Mismatch?
            do {
                try await keyspace.readLogs(generator.model)
                logs = nil
            } catch let mismatch as Mismatch {
                logs = mismatch
            }
            let comparison = ReplyComparison(entries: keyspace.entries, isCut: logs != nil)
            for (step, reply) in zip(batch, replies) {
                seen.append(step)
                try comparison.check(step, reply)
            }
            if let logs { throw logs }
            try checkLaws(generator.model)
            try await keyspace.checkTouched(generator.model)
        } catch let mismatch as Mismatch {
            throw failure(mismatch, seen, first)
        }
        generator.model.forgetTouched()
    }

    /// Checks the laws that no command may break, even if model and functions agree.
    private func checkLaws(_ model: ModelInventory) throws(Mismatch) {
        for move in model.moves where !BookingTrigger.allCases.contains(where: { move[0].after($0) == move[1] }) {
            throw Mismatch("status", expected: "as the state machine allows", found: move)
        }
        for event in model.events {
            for tier in event.tiers where !tier.isConserved {
                throw Mismatch("tier \(tier.id)", expected: "capacity = available + held + sold + blocked", found: tier)
            }
            if let fault = event.seatFault {
                throw Mismatch("seats of \(event.id)", expected: "as the counters", found: fault)
            }
            if let first = event.firstExpiry, (event.index.next ?? .max) > first {
                throw Mismatch("next of \(event.id)", expected: "at most \(first)", found: event.index.next ?? 0)
            }
        }
    }

    private func failure(_ mismatch: Mismatch, _ done: [ScriptStep], _ first: Int) -> Failure {
        let lines = done.suffix(12).enumerated().map { index, step in
            "  \(first + done.count - done.suffix(12).count + index + 1)  \(step.line.prefix(1000))"
        }
        return Failure(
            description: """
                command \(first + done.count) of USHER_TEST_SEED=\(seed): \(mismatch)
                the last commands:
                \(lines.joined(separator: "\n"))
                """)
    }
}
