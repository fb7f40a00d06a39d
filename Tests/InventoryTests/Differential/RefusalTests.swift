import Booking
import RedisClient
import Testing

/// What refusals cost, by Redis's own count.
@Suite("The cost of a refusal")
struct RefusalTests {
    private static func stage(_ redis: ScriptRedis) async throws -> CommandGenerator {
        let tiers = [
            ModelTier(id: "sold", kind: .general, price: 1, capacity: 5, available: 0, sold: 5, blocked: 0),
            ModelTier(id: "held", kind: .general, price: 1, capacity: 9, available: 0, held: 9, blocked: 0),
        ]
        let totals = ["rich": ModelTotals(tickets: 3, bookings: 1)]
        return try await CommandGenerator.stage(redis, tiers, totals: totals)
    }

    /// How often each command was called while `body` ran, and how many writes Redis counted.
    private static func counting(
        _ redis: ScriptRedis, _ body: () async throws -> Void
    ) async throws -> (calls: [String: Int], writes: Int) {
        let before = await redis.info("persistence")["rdb_changes_since_last_save"].flatMap { Int($0) } ?? 0
        _ = await redis.send(["CONFIG", "RESETSTAT"])
        try await body()
        var calls: [String: Int] = [:]
        for (name, text) in await redis.info("commandstats") {
            let count = text.split(separator: ",").first.flatMap { Int($0.dropFirst("calls=".count)) }
            calls[String(name.dropFirst("cmdstat_".count))] = count
        }
        // The connection's own.
        for name in ["config|resetstat", "info", "ping"] { calls[name] = nil }
        let after = await redis.info("persistence")["rdb_changes_since_last_save"].flatMap { Int($0) } ?? 0
        return (calls, after - before)
    }

    @Test("a sold-out group, of one or of 64, costs two reads and no write", arguments: [1, 64])
    func soldOut(count: Int) async throws {
        let counted = try await ScriptRedis.with { redis in
            var stage = try await Self.stage(redis)
            return try await Self.counting(redis) {
                for _ in 0..<100 {
                    let step = stage.claims(count, tier: "sold", user: "u")
                    #expect(step.answers == ["reserve OK"] + Array(repeating: "reserve SOLD_OUT", count: count))
                    let replies = await redis.perform([step])
                    try ReplyComparison(entries: [[], []]).check(step, replies[0])
                }
            }
        }
        #expect(counted.calls == ["fcall": 100, "hmget": 200, "time": 100])
        #expect(counted.writes == 0)
    }

    @Test("no refusal writes", arguments: [("u", "HELD_BY_OTHERS"), ("rich", "TICKET_LIMIT")])
    func refusals(user: String, word: String) async throws {
        let counted = try await ScriptRedis.with { redis in
            var stage = try await Self.stage(redis)
            return try await Self.counting(redis) {
                let step = stage.claims(8, tier: "held", user: user)
                #expect(step.answers == ["reserve OK"] + Array(repeating: "reserve \(word)", count: 8))
                let replies = await redis.perform([step])
                try ReplyComparison(entries: [[], []]).check(step, replies[0])
            }
        }
        #expect(counted.calls["fcall"] == 1 && counted.writes == 0)
    }
}
