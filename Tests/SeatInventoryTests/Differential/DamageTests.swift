import BoxOffice
import RedisClient
import Testing

/// How the functions handle data that should not be in Redis.
@Suite("Damaged keyspaces")
struct DamageTests {
    private static let units = UUIDBytes(high: 1, low: 1)
    private static let seats = UUIDBytes(high: 1, low: 2)
    private static let tiers = [
        ModelTier(id: units, kind: .general, price: 7, capacity: 9, available: 9, blocked: 0),
        ModelTier(id: seats, kind: .seated, price: 7, capacity: 8, available: 8, blocked: 0),
    ]
    private static let rows = [ModelRow(tier: seats, seats: Array(repeating: .available, count: 8))]
    private static let attempt = UUIDBytes(high: 5, low: 5)

    /// Runs steps, and compares their answers and the new log entries with the model.
    private static func perform(
        _ steps: [ScriptStep], _ redis: ScriptRedis, _ keyspace: inout KeyspaceComparison, _ model: ModelInventory
    ) async throws {
        let replies = await redis.perform(steps)
        try await keyspace.readLogs(model)
        let comparison = ReplyComparison(entries: keyspace.entries)
        for (step, reply) in zip(steps, replies) { try comparison.check(step, reply) }
    }

    private static func move(_ kind: ModelMove.Kind, _ number: Int, key: ModelKey? = nil) -> ModelOperation {
        ModelOperation(
            kind: .move(ModelMove(kind: kind, booking: CommandGenerator.booking(number), user: "", key: key)))
    }

    private static func beginPayment(_ number: Int) -> ModelOperation {
        move(.beginPayment(payment: attempt, provider: "sim"), number)
    }

    /// All keys in Redis with their dumps.
    private static func dump(_ redis: ScriptRedis) async -> [[UInt8]: [UInt8]] {
        let keys = await redis.send(["KEYS", "*"]).array?.compactMap(\.bytes) ?? []
        let values = await redis.send(keys.map { [Array("DUMP".utf8), $0] })
        return Dictionary(uniqueKeysWithValues: zip(keys, values.map { $0.bytes ?? [] }))
    }

    @Test("an event whose group fails half-way stays closed until a recovery, which restores what was persisted")
    func halfWritten() async throws {
        try await ScriptRedis.with { redis in
            var stage = await CommandGenerator.stage(redis, Self.tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            let claims = stage.claims(2, tier: Self.units, user: "a")
            try await Self.perform([claims], redis, &keyspace, stage.model)

            // Make the queue's write fail; the entry is in the outbox by then.
            _ = await redis.send([
                [Array("DEL".utf8), ModelKeys.queue(0, CommandGenerator.event)],
                [Array("SET".utf8), ModelKeys.queue(0, CommandGenerator.event), Array("x".utf8)],
            ])
            let step = stage.claims(1, tier: Self.units, user: "b", first: 7)
            let reply = await redis.perform([step])
            #expect(reply[0].string?.contains("BROKEN") == true)
            try await keyspace.readLogs(stage.model)
            stage.durable[0].take(stage.model, 0)
            _ = stage.halfWrite(0, 0)
            let caller = stage.servedCaller
            let refused = [
                stage.claims(1, tier: Self.units, user: "c", first: 9),
                stage.apply(0, caller, event: CommandGenerator.event, [Self.beginPayment(1)]),
                stage.apply(0, caller, event: CommandGenerator.event, [ModelOperation(kind: .expire)]),
                stage.loadEvent(stage.durable[0].events[0], caller),
            ]
            #expect(refused.allSatisfy { $0.reply == [.text("RECOVERING")] })
            try await Self.perform(refused, redis, &keyspace, stage.model)

            var steps = [stage.close(0)]
            while !stage.model.partitions[0].isOpen { steps.append(stage.recoveryStep(0)) }
            try await Self.perform(steps, redis, &keyspace, stage.model)
            #expect(stage.model.events[0].tiers[0].available == 6)
            try await keyspace.checkAll(stage.model)
        }
    }

    @Test("stray index entries of holds, and of missing due events, are removed and release nothing")
    func strays() async throws {
        try await ScriptRedis.with { redis in
            var stage = await CommandGenerator.stage(redis, Self.tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            let caller = stage.servedCaller
            let start = [
                stage.claims(2, tier: Self.units, user: "a"),
                stage.apply(0, caller, event: CommandGenerator.event, [Self.beginPayment(1)]),
            ]
            try await Self.perform(start, redis, &keyspace, stage.model)
            // Entries of unknown bookings, and of bookings listed with too early a time.
            let ghost = CommandGenerator.booking(99)
            let element = ModelIndex.Element(expires: 1, ids: [ghost, CommandGenerator.booking(1)])
            stage.model.events[0].index.queue.insert(element, at: 0)
            stage.model.events[0].index.others = [ghost: 1, CommandGenerator.booking(1): 2]
            stage.model.events[0].index.paying[ghost] = 1
            stage.model.events[0].index.paying[CommandGenerator.booking(2)] = 2
            func name(_ id: UUIDBytes) -> [UInt8] { ModelBytes.of { $0.id(id) } }
            func text(_ text: String) -> [UInt8] { Array(text.utf8) }
            let event = CommandGenerator.event
            _ = await redis.send([
                [text("LPUSH"), ModelKeys.queue(0, event), element.bytes],
                [text("ZADD"), ModelKeys.others(0, event), text("1"), name(ghost), text("2"), name(element.ids[1])],
                [
                    text("ZADD"), ModelKeys.paying(0, event), text("1"), name(ghost), text("2"),
                    name(CommandGenerator.booking(2)),
                ],
                [text("ZADD"), ModelKeys.due(0), text("1"), text("\(CommandGenerator.nowhere)")],
            ])
            // The remaining hold expires, and the sweeper runs; a missing event is removed from the due events.
            let sweep = [
                stage.tick(by: 60_000),
                stage.apply(0, caller, event: CommandGenerator.event, [ModelOperation(kind: .expire)]),
                stage.apply(0, caller, event: CommandGenerator.nowhere, [ModelOperation(kind: .expire)]),
            ]
            #expect(sweep[1].reply?.last == .text("1|0") && sweep[2].reply == [.text("NO_EVENT")])
            try await Self.perform(sweep, redis, &keyspace, stage.model)
            try await keyspace.checkAll(stage.model)
        }
    }

    /// A group that touches every key of an event.
    private static func group(_ stage: inout CommandGenerator) -> ScriptStep {
        func claim(_ number: Int, _ item: ModelClaim.Item, key: ModelKey? = nil) -> ModelOperation {
            ModelOperation(
                kind: .claim(
                    ModelClaim(
                        booking: CommandGenerator.booking(number), user: "u\(number)", key: key, isOneShot: false,
                        isAgain: false, items: [item])))
        }
        let key = ModelKey(digest: UUIDBytes(high: 8, low: 8), fingerprint: UUIDBytes(high: 9, low: 9))
        let block = ModelBlockRequest(block: UUIDBytes(high: 4, low: 4), key: nil, amount: .seats([6, 7]))
        return stage.apply(
            0, stage.servedCaller, event: CommandGenerator.event,
            [
                claim(11, .units(tier: units, 1), key: key), claim(12, .best(tier: seats, 2)),
                claim(13, .seats([0])), beginPayment(1), move(.extend, 2),
                move(.failPayment(payment: attempt, isFinal: false, reason: "r", transaction: ""), 3),
                ModelOperation(kind: .block(block)), ModelOperation(kind: .expire),
            ])
    }

    private static func damaged(
        _ body: @Sendable (ScriptRedis, CommandGenerator) async throws -> Void
    ) async throws {
        try await ScriptRedis.with { redis in
            var stage = await CommandGenerator.stage(redis, tiers, rows: rows)
            let start = [
                stage.claims(3, tier: units, user: "a"),
                stage.apply(0, stage.servedCaller, event: CommandGenerator.event, [beginPayment(3)]),
            ]
            _ = await redis.perform(start)
            try await body(redis, stage)
        }
    }

    @Test(
        "if a key has a wrong type, a group has no effect, or its event is closed",
        arguments: ["e", "q", "x", "y", "s", "r", "o", "l", "d", "due", "outbox", "meta"])
    func wrongTypes(kind: String) async throws {
        try await Self.damaged { redis, stage in
            var stage = stage
            let event = CommandGenerator.event
            let today = ModelKeyDays.day(stage.time)
            let shared = ["due": ModelKeys.due(0), "outbox": ModelKeys.outbox(0), "meta": ModelKeys.meta(0)]
            let own = "d" == kind ? ModelKeys.usedKeys(0, event, today) : Array("{p0}:\(kind):\(event)".utf8)
            let key = shared[kind] ?? own
            // None of the keys is a set.
            _ = await redis.send([[Array("DEL".utf8), key], [Array("SADD".utf8), key, Array("x".utf8)]])
            let before = await Self.dump(redis)
            let step = Self.group(&stage)
            let reply = await redis.perform([step])[0]
            let error = try #require(reply.string.map { $0.hasPrefix("error") ? $0 : nil } ?? nil, "\(kind): \(reply)")
            let after = await Self.dump(redis)
            guard error.contains("BROKEN") else {
                #expect(after == before, "\(kind): \(error)")
                return
            }
            let refused = stage.apply(0, stage.servedCaller, event: event, [ModelOperation(kind: .expire)])
            let answer = await redis.perform([refused])[0]
            #expect(answer.array?.first?.string == "RECOVERING", "\(kind): \(error)")
        }
    }

    @Test("a missing outbox stops a group before it has any effect")
    func noOutbox() async throws {
        try await Self.damaged { redis, stage in
            var stage = stage
            _ = await redis.send([[Array("DEL".utf8), ModelKeys.outbox(0)]])
            let before = await Self.dump(redis)
            let reply = await redis.perform([Self.group(&stage)])[0]
            #expect(reply.string?.contains("NOOUTBOX") == true, "\(reply)")
            #expect(await Self.dump(redis) == before)
        }
    }

    @Test("an event without its numbers gives no answer", arguments: ["n", "p"])
    func missingFields(field: String) async throws {
        try await Self.damaged { redis, stage in
            var stage = stage
            let event = ModelKeys.event(0, CommandGenerator.event)
            _ = await redis.send([[Array("HDEL".utf8), event, Array(field.utf8)]])
            var before = await Self.dump(redis)
            let reply = await redis.perform([Self.group(&stage)])[0]
            #expect(reply.array?.first?.string == "NO_EVENT" || reply.string?.hasPrefix("error") == true, "\(reply)")
            // A missing event is removed from the due events.
            if reply.array != nil { before[ModelKeys.due(0)] = nil }
            #expect(await Self.dump(redis) == before)
        }
    }
}
