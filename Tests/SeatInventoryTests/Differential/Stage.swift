import BoxOffice
import Testing

extension CommandGenerator {
    /// Opens every partition with its events on sale, without calling a function.
    mutating func openAll() {
        for partition in 0..<Self.partitions {
            highestEpoch += 1
            _ = model.close(partition, epoch: highestEpoch)
            for event in durable[partition].events {
                let load = ModelLoad(
                    event: event.id, partition: partition, policy: event.policy, clock: event.clock, sequence: 0,
                    tiers: event.tiers, rows: event.rows)
                _ = model.load(load, ModelCaller(epoch: highestEpoch, identity: ""))
                _ = model.loadFields(
                    .totals(event.totals), event: event.id, partition: partition, epoch: highestEpoch)
            }
            _ = model.open(partition, epoch: highestEpoch, identity: Self.identity, cursor: "0-0")
        }
    }

    /// The only event of a stage.
    static let event = UUIDBytes(high: 0xe, low: 0xe)

    /// Creates one event on sale in partition 0, with three tickets per user and holds of a minute.
    static func stage(
        _ redis: ScriptRedis, _ tiers: [ModelTier], rows: [ModelRow] = [], totals: [String: ModelTotals] = [:]
    ) async -> CommandGenerator {
        var stage = CommandGenerator(seed: 1)
        let policy = ModelPolicy(hold: 60_000, maxTickets: 3, currency: "EUR")
        var event = ModelEvent(
            id: event, partition: 0, policy: policy, tiers: tiers, rows: rows, epoch: 0, clock: stage.time)
        event.totals = totals
        stage.durable = Array(repeating: DurablePartition(), count: partitions)
        stage.durable[0].events = [event]
        stage.openAll()
        await KeyspaceComparison(redis, partitions: partitions).write(stage.model)
        return stage
    }

    /// A caller that partition 0 serves.
    var servedCaller: ModelCaller { ModelCaller(epoch: model.partitions[0].epoch, identity: Self.identity) }

    /// The id of a stage's booking.
    static func booking(_ number: Int) -> UUIDBytes {
        UUIDBytes(high: UInt64(number) << 16 | 0x7000, low: 1 << 63 | UInt64(number))
    }

    /// A group of `count` claims of one user, for one unit each.
    mutating func claims(_ count: Int, tier: UUIDBytes, user: String, first: Int = 1) -> ScriptStep {
        let operations = (first..<first + count).map { number in
            ModelOperation(
                kind: .claim(
                    ModelClaim(
                        booking: Self.booking(number), user: user, key: nil, isOneShot: false, isAgain: false,
                        items: [.units(tier: tier, 1)])))
        }
        return apply(0, servedCaller, event: Self.event, operations)
    }
}
