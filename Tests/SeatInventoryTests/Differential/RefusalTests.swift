import BoxOffice
import RedisClient
import Testing

/// The cost of refusals in commands and writes, as counted by Redis.
@Suite("The cost of a refusal")
struct RefusalTests {
    private static let sold = UUIDBytes(high: 1, low: 1)
    private static let held = UUIDBytes(high: 1, low: 2)

    private static func stage(_ redis: ScriptRedis) async -> CommandGenerator {
        let tiers = [
            ModelTier(id: sold, kind: .general, price: 1, capacity: 5, available: 0, sold: 5, blocked: 0),
            ModelTier(id: held, kind: .general, price: 1, capacity: 9, available: 0, held: 9, blocked: 0),
        ]
        return await .stage(redis, tiers, totals: ["rich": ModelTotals(tickets: 3, bookings: 1)])
    }

    /// The calls of each command and the writes while `body` ran, as counted by Redis.
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
        // Remove the commands of this measurement.
        for name in ["config|resetstat", "info", "ping"] { calls[name] = nil }
        let after = await redis.info("persistence")["rdb_changes_since_last_save"].flatMap { Int($0) } ?? 0
        return (calls, after - before)
    }

    @Test("a sold-out group of one or of 64 claims costs two reads and no write", arguments: [1, 64])
    func soldOut(count: Int) async throws {
        let counted = try await ScriptRedis.with { redis in
            var stage = await Self.stage(redis)
            return try await Self.counting(redis) {
                for _ in 0..<100 {
                    let step = stage.claims(count, tier: Self.sold, user: "u")
                    #expect(step.answers == ["apply OK"] + Array(repeating: "claim SOLD_OUT", count: count))
                    let replies = await redis.perform([step])
                    try ReplyComparison(entries: [[], []]).check(step, replies[0])
                }
            }
        }
        #expect(counted.calls == ["fcall": 100, "hget": 100, "hmget": 100, "time": 100])
        #expect(counted.writes == 0)
    }

    @Test("no refusal writes", arguments: [("u", "HELD_BY_OTHERS"), ("rich", "TICKET_LIMIT")])
    func refusals(user: String, word: String) async throws {
        let counted = try await ScriptRedis.with { redis in
            var stage = await Self.stage(redis)
            return try await Self.counting(redis) {
                let step = stage.claims(8, tier: Self.held, user: user)
                #expect(step.answers == ["apply OK"] + Array(repeating: "claim \(word)", count: 8))
                let replies = await redis.perform([step])
                try ReplyComparison(entries: [[], []]).check(step, replies[0])
            }
        }
        #expect(counted.calls["fcall"] == 1 && counted.writes == 0)
    }

    @Test("a group of refused operations of every kind writes nothing")
    func mixed() async throws {
        let counted = try await ScriptRedis.with { redis in
            var stage = await Self.stage(redis)
            return try await Self.counting(redis) {
                let unknown = CommandGenerator.booking(77)
                let kinds: [ModelMove.Kind] = [
                    .beginPayment(payment: unknown, provider: "sim"), .extend, .overrule, .cancel(reason: "r"),
                    .cancelItems(ModelPart(tier: Self.held, quantity: 1, seats: []), reason: "r"),
                    .refunded(payment: unknown, amount: 1),
                    .failPayment(payment: unknown, isFinal: true, reason: "r", transaction: ""),
                    .confirm(
                        ModelCharge(payment: unknown, provider: "sim", transaction: "t", amount: 1, currency: "EUR")),
                ]
                let moves = kinds.map { kind in
                    ModelOperation.Kind.move(ModelMove(kind: kind, booking: unknown, user: "", key: nil))
                }
                let others: [ModelOperation.Kind] = [
                    .unblock(unknown), .unreadable([0, 5, 0x3f, 0, 0]),
                    .block(ModelBlockRequest(block: unknown, key: nil, amount: .units(tier: Self.held, 1))),
                    .claim(
                        ModelClaim(
                            booking: unknown, user: "u", key: ModelKey(digest: unknown, fingerprint: unknown),
                            isOneShot: false, isAgain: true, items: [.units(tier: Self.held, 1)])),
                ]
                let operations = (moves + others).map { ModelOperation(kind: $0, awaits: true) }
                let step = stage.apply(0, stage.servedCaller, event: CommandGenerator.event, operations)
                let replies = await redis.perform([step])
                try ReplyComparison(entries: [[], []]).check(step, replies[0])
                #expect(stage.model.partitions[0].log.isEmpty)
            }
        }
        #expect(counted.calls["fcall"] == 1 && counted.writes == 0)
    }

    @Test("keys of other requests in the same group count together with those of claims", arguments: [997, 998])
    func keysOfOneGroup(used: Int) async throws {
        try await ScriptRedis.with { redis in
            let tiers = [ModelTier(id: Self.held, kind: .general, price: 1, capacity: 9, available: 9, blocked: 0)]
            var stage = await CommandGenerator.stage(redis, tiers)
            func key(_ number: UInt64) -> ModelKey {
                let digest = UUIDBytes(high: 0x80 << 56 | number, low: number)
                return ModelKey(digest: digest, fingerprint: digest, patience: 1000)
            }
            func claim(_ number: UInt64, _ user: String) -> ModelOperation {
                ModelOperation(
                    kind: .claim(
                        ModelClaim(
                            booking: CommandGenerator.booking(Int(number)), user: user, key: key(number),
                            isOneShot: false, isAgain: false, items: [.units(tier: Self.held, 1)])))
            }
            let (caller, event) = (stage.servedCaller, CommandGenerator.event)
            let day = ModelKeyDays.day(stage.time)
            for (number, user) in [(1, "u"), (4, "v")] as [(UInt64, String)] {
                _ = await redis.perform([stage.apply(0, caller, event: event, [claim(number, user)])])
                stage.model.events[0].keys.claims[user] = .init(day: day, keys: used)
                let totals = stage.model.events[0].totals[user]?.bytes(stage.model.events[0].keys.claims[user]) ?? []
                let field = Array("u\(user)".utf8)
                _ = await redis.send([[Array("HSET".utf8), ModelKeys.event(0, event), field, totals]])
            }
            // Another user has the same count, so the value is already known to be allowed.
            _ = await redis.perform([stage.apply(0, caller, event: event, [claim(5, "v"), claim(6, "v")])])
            let extend = ModelMove(kind: .extend, booking: CommandGenerator.booking(1), user: "u", key: key(100))
            let step = stage.apply(
                0, caller, event: event, [claim(2, "u"), ModelOperation(kind: .move(extend)), claim(3, "u")])
            #expect(
                step.answers == ["apply OK", "claim HELD", "extend OK", used == 997 ? "claim HELD" : "claim KEY_LIMIT"])
            let replies = await redis.perform([step])
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            try await keyspace.readLogs(stage.model)
            try ReplyComparison(entries: keyspace.entries).check(step, replies[0])
            try await keyspace.checkAll(stage.model)
        }
    }

    @Test("a full Redis refuses operations that take units before they run, and runs those that release units")
    func full() async throws {
        try await ScriptRedis.with { redis in
            let tiers = [ModelTier(id: Self.held, kind: .general, price: 1, capacity: 9, available: 9, blocked: 0)]
            var stage = await CommandGenerator.stage(redis, tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            let claims = [stage.claims(2, tier: Self.held, user: "u")]
            _ = await redis.perform(claims)
            _ = await redis.send(["CONFIG", "SET", "maxmemory", "1"])
            var unaware = stage
            let refused = await redis.perform([unaware.claims(1, tier: Self.held, user: "v", first: 5)])
            #expect(refused[0].string?.contains("OOM") == true, "\(refused)")
            let cancel = ModelMove(
                kind: .cancel(reason: "r"), booking: CommandGenerator.booking(1), user: "", key: nil)
            let claim = ModelClaim(
                booking: CommandGenerator.booking(5), user: "v", key: nil, isOneShot: false, isAgain: false,
                items: [.units(tier: Self.held, 1)])
            let step = stage.apply(
                0, stage.servedCaller, event: CommandGenerator.event,
                [ModelOperation(kind: .claim(claim)), ModelOperation(kind: .move(cancel))], isFull: true)
            #expect(step.answers == ["apply_full OK", "claim FULL", "cancel OK"])
            let replies = await redis.perform([step])
            try await keyspace.readLogs(stage.model)
            try ReplyComparison(entries: keyspace.entries).check(step, replies[0])
            _ = await redis.send(["CONFIG", "SET", "maxmemory", "0"])
            try await keyspace.checkAll(stage.model)
        }
    }
}
