import Testing

extension CommandGenerator {
    /// Opens partition 0 with one event on sale: three tickets a user, a minute to hold them.
    static func stage(
        _ redis: ScriptRedis, _ tiers: [ModelTier], totals: [String: ModelTotals] = [:]
    ) async throws -> CommandGenerator {
        var stage = CommandGenerator(seed: 1)
        let policy = ModelPolicy(hold: 60_000, maxTickets: 3, currency: "EUR")
        let event = ModelEvent(id: "e", partition: 0, policy: policy, tiers: tiers, epoch: 0, clock: stage.time)
        stage.durable[0] = DurablePartition(events: [event])
        var steps = [stage.close(0)]
        stage.agenda[0] = [.event(event)] + (totals.isEmpty ? [] : [.fields(event: "e", .totals(totals))]) + [.open]
        while !stage.model.partitions[0].isOpen { steps.append(stage.recoveryStep(0)) }
        for (step, reply) in zip(steps, await redis.perform(steps)) {
            try ReplyComparison(entries: [[], []]).check(step, reply)
        }
        return stage
    }

    /// A group of `count` users' claims for one unit each.
    mutating func claims(_ count: Int, tier: String, user: String, name: String = "n") -> ScriptStep {
        let claims = (1...count).map { number in
            ModelClaim(
                booking: "\(name)\(number)", user: user, key: nil, answersLater: false, isAgain: false, channel: "",
                trace: "", items: [.units(tier: 1, 1)])
        }
        let caller = ModelCaller(epoch: model.partitions[0].epoch, identity: Self.identity)
        return reserve(0, caller, event: "e", tiers: [tier], claims)
    }
}
