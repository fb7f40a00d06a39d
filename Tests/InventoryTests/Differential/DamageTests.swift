import Booking
import RedisClient
import Testing

/// What should not be in Redis, and what the scripts make of it.
@Suite("Damaged keyspaces")
struct DamageTests {
    private static let tiers = [
        ModelTier(id: "t", kind: .general, price: 7, capacity: 9, available: 9, blocked: 0)
    ]

    private static func perform(
        _ steps: [ScriptStep], _ redis: ScriptRedis, _ keyspace: KeyspaceComparison
    ) async throws {
        let comparison = ReplyComparison(entries: keyspace.entries)
        for (step, reply) in zip(steps, await redis.perform(steps)) { try comparison.check(step, reply) }
    }

    private static func beginPayment(_ stage: inout CommandGenerator, _ caller: ModelCaller) -> ScriptStep {
        let move = ModelMove(
            caller: caller, partition: 0, booking: "n1", user: "", channel: "", trace: "", key: nil)
        let reply = stage.model.beginPayment(move, payment: "y", provider: "sim")
        return stage.step(.beginPayment, move, ["y", "sim"], reply)
    }

    @Test("an event whose script fails half-way is closed to every script until a recovery undoes the half")
    func halfWritten() async throws {
        try await ScriptRedis.with { redis in
            var stage = try await CommandGenerator.stage(redis, Self.tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            let caller = ModelCaller(epoch: stage.model.partitions[0].epoch, identity: CommandGenerator.identity)
            try await Self.perform([stage.claims(2, tier: "t", user: "a")], redis, keyspace)

            // A log that has no id left is the write that fails; the model hears nothing of the claim.
            let last = "18446744073709551615-18446744073709551615"
            _ = await redis.send(["XSETID", ModelKeys.outbox(0), last])
            var unaware = stage
            let reply = await redis.perform([unaware.claims(1, tier: "t", user: "b", name: "m")])
            #expect(reply[0].string?.contains("BROKEN") == true)
            _ = stage.halfWrite(0, 0)
            // Its number is of the half that was written, and never comes again.
            stage.model.events[0].sequence += 1
            let refused = [
                stage.claims(1, tier: "t", user: "c", name: "o"), Self.beginPayment(&stage, caller),
                stage.expire(0, "e", caller), stage.loadEvent(stage.durable[0].events[0], caller),
            ]
            #expect(refused.allSatisfy { $0.reply == [.text("RECOVERING")] })
            try await Self.perform(refused, redis, keyspace)

            _ = await redis.send(["DEL", ModelKeys.outbox(0)])
            stage.durable[0].take(stage.model, 0)
            stage.model.partitions[0].log = []
            stage.model.partitions[0].isOutboxGone = true
            var steps = [stage.close(0)]
            while !stage.model.partitions[0].isOpen { steps.append(stage.recoveryStep(0)) }
            try await Self.perform(steps, redis, keyspace)
            #expect(stage.model.events[0].tiers[0].available == 7)
            try await keyspace.readLogs(stage.model)
            try await keyspace.checkAll(stage.model)
        }
    }

    @Test("an index entry without its hold goes away and gives nothing back, and so does a due event that is not here")
    func strays() async throws {
        try await ScriptRedis.with { redis in
            var stage = try await CommandGenerator.stage(redis, Self.tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            let caller = ModelCaller(epoch: stage.model.partitions[0].epoch, identity: CommandGenerator.identity)
            let start = [stage.claims(2, tier: "t", user: "a"), Self.beginPayment(&stage, caller)]
            _ = await redis.perform(start)
            _ = await redis.send([
                ["ZADD", ModelKeys.expiries(0, "e"), "1", "ghost", "2", "n1"],
                ["ZADD", ModelKeys.paying(0, "e"), "1", "ghost", "2", "n2"],
                ["ZADD", ModelKeys.due(0), "1", "nowhere"],
            ])
            // The hold that is left lapses, and the sweeper looks.
            let sweep = [stage.tick(by: 60_000), stage.expire(0, "e", caller), stage.expire(0, "nowhere", caller)]
            #expect(sweep[1].reply == [.text("OK"), .number(1), .number(0)])
            let replies = await redis.perform(sweep)
            try await keyspace.readLogs(stage.model)
            for (step, reply) in zip(sweep, replies) {
                try ReplyComparison(entries: keyspace.entries).check(step, reply)
            }
            try await keyspace.checkAll(stage.model)
        }
    }
}
