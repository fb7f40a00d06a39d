import BoxOffice
import RedisClient
import Testing

/// How many due holds one group releases.
@Suite("Due holds")
struct DueTests {
    private static let tier = UUIDBytes(high: 1, low: 1)

    /// A group of claims for one unit each, each by a different user.
    private static func claims(_ stage: inout CommandGenerator, _ count: Int, first: Int) -> ScriptStep {
        let operations = (first..<first + count).map { number in
            ModelOperation(
                kind: .claim(
                    ModelClaim(
                        booking: CommandGenerator.booking(number), user: "u\(number)", key: nil, isOneShot: false,
                        isAgain: false, items: [.units(tier: tier, 1)])))
        }
        return stage.apply(0, stage.servedCaller, event: CommandGenerator.event, operations)
    }

    @Test(
        "64 and the rest of the last group are released at once, and the answer says whether more are due",
        arguments: [
            ([63, 5], ["68|0"]), ([64, 5], ["64|1", "5|0"]), ([40, 40, 40], ["80|1", "40|0"]),
            ([1, 63, 64], ["64|1", "64|0"]),
        ])
    func limit(groups: [Int], released: [String]) async throws {
        try await ScriptRedis.with { redis in
            let tiers = [ModelTier(id: Self.tier, kind: .general, price: 1, capacity: 200, available: 200, blocked: 0)]
            var stage = await CommandGenerator.stage(redis, tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            var steps: [ScriptStep] = []
            var first = 1
            for count in groups {
                steps.append(Self.claims(&stage, count, first: first))
                first += count
            }
            steps.append(stage.tick(by: 60_000))
            for answer in released {
                let expire = [ModelOperation(kind: .expire)]
                steps.append(stage.apply(0, stage.servedCaller, event: CommandGenerator.event, expire))
                #expect(steps.last?.reply?.last == .text(answer))
            }
            let replies = await redis.perform(steps)
            try await keyspace.readLogs(stage.model)
            let comparison = ReplyComparison(entries: keyspace.entries)
            for (step, reply) in zip(steps, replies) { try comparison.check(step, reply) }
            try await keyspace.checkAll(stage.model)
        }
    }

    @Test("a claim that lacks units while holds are due is asked to retry")
    func more() async throws {
        try await ScriptRedis.with { redis in
            let tiers = [ModelTier(id: Self.tier, kind: .general, price: 1, capacity: 128, available: 128, blocked: 0)]
            var stage = await CommandGenerator.stage(redis, tiers)
            var keyspace = KeyspaceComparison(redis, partitions: CommandGenerator.partitions)
            let claim = ModelClaim(
                booking: CommandGenerator.booking(500), user: "v", key: nil, isOneShot: false, isAgain: false,
                items: [.units(tier: Self.tier, 100)])
            stage.model.events[0].policy.maxTickets = nil
            await keyspace.write(stage.model)
            let steps = [
                Self.claims(&stage, 64, first: 1), Self.claims(&stage, 64, first: 101), stage.tick(by: 60_000),
                stage.apply(
                    0, stage.servedCaller, event: CommandGenerator.event, [ModelOperation(kind: .claim(claim))]),
                stage.apply(
                    0, stage.servedCaller, event: CommandGenerator.event, [ModelOperation(kind: .claim(claim))]),
            ]
            #expect(steps[3].answers == ["apply OK", "claim MORE"] && steps[4].answers == ["apply OK", "claim HELD"])
            let replies = await redis.perform(steps)
            try await keyspace.readLogs(stage.model)
            let comparison = ReplyComparison(entries: keyspace.entries)
            for (step, reply) in zip(steps, replies) { try comparison.check(step, reply) }
            try await keyspace.checkAll(stage.model)
        }
    }
}
