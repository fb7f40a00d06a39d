import RedisClient
import Support
import Testing

/// The laws of conservation, checked in Redis's data alone, without the model.
@Suite("Conservation")
struct ConservationTests {
    private static let kinds: [CommandGenerator.Kind] = [
        .claim, .beginPayment, .confirm, .failPayment, .extend, .cancel, .cancelItems, .expire, .block, .unblock,
        .updateEvent, .tick,
    ]

    @Test("10,000 random commands neither lose nor create a unit or a seat")
    func conservation() async throws {
        let seed = SeededGenerator.fromEnvironment().seed
        try await ScriptRedis.with { redis in
            var seeds = SeededGenerator(seed: seed)
            for round in 0..<50 {
                _ = await redis.send(["FLUSHALL"])
                var generator = CommandGenerator(seed: seeds.next(), kinds: Self.kinds, isSwarm: false)
                generator.openAll()
                await KeyspaceComparison(redis, partitions: CommandGenerator.partitions).write(generator.model)
                for batch in 0..<4 {
                    let steps = (0..<50).map { _ in
                        let (kind, partition) = generator.choose()
                        return generator.step(kind, partition)
                    }
                    _ = await redis.perform(steps)
                    for (event, account) in try await Self.accounts(redis) {
                        let faults = account.faults
                        try #require(faults.isEmpty, "seed \(seed), round \(round), batch \(batch), event \(event)")
                    }
                }
            }
        }
    }

    /// Adds up the bookings' records, next to the counters, totals, seats and indexes.
    private static func accounts(_ redis: ScriptRedis) async throws -> [[UInt8]: Account] {
        let keys = await redis.send(["KEYS", "*"]).array?.compactMap(\.bytes) ?? []
        let replies = await redis.send(keys.map(StoredValue.reading))
        var accounts: [[UInt8]: Account] = [:]
        for (key, reply) in zip(keys, replies) {
            let kind = StoredValue.kind(key)
            let value = try #require(StoredValue(key, reply))
            // Drops `{p0}:e:` and the like.
            let name = Array(key.drop { $0 != UInt8(ascii: ":") }.dropFirst(kind.utf8.count + 2))
            if kind == "b", case .bytes(let record) = value {
                let booking = try #require(BookingText(record))
                accounts[Array(booking.event.utf8), default: Account()].add(name, booking)
            } else if ["e", "q", "x", "y", "s", "l"].contains(kind) {
                accounts[name, default: Account()].add(kind, value)
            }
        }
        return accounts
    }
}
