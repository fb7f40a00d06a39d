public import Booking
import RedisClient

/// What Redis holds of an event, for people, whatever its partition's state: read in three steps, so that what changes
/// meanwhile may show.
public struct ShownEvent: Sendable {
    /// How it is sold, by the names of the policy's fields.
    public let terms: [(name: String, value: String)]
    /// The epoch it was loaded under; `closed` after a failure half-way.
    public let epoch: String
    /// Of its last outbox entry.
    public let sequence: Int64
    /// The latest time that a function saw, Unix milliseconds.
    public let clock: Int64
    /// When something of it is due, maybe earlier; `nil` for nothing.
    public let next: Int64?
    /// What `due` has of it.
    public let due: Int64?
    /// Live holds, as the event counts them.
    public let live: Int
    /// The last day with keys of claims (days since 1970), and whether the day before has some.
    public let keyDay: (day: Int64, hasBefore: Bool)
    /// Its tiers, in the order in which they were made.
    public let tiers: [TierCounters]
    /// How many groups of holds wait in the queue, how many holds are out of its order, and how many are being paid for;
    /// some may have moved on.
    public let indexes: (queued: Int, others: Int, paying: Int)
    /// Users who have something.
    public let users: Int
    /// Blocks.
    public let blocks: Int
    /// Keys and users in the hashes of the last day with keys, and of the day before.
    public let keys: (day: Int, before: Int)
}

/// A record in Redis, and whether PostgreSQL is known to have it.
public struct ShownBooking: Sendable {
    /// The record.
    public let record: BookingRecord
    /// Whether its entry is at or before the cursor.
    public let isPersisted: Bool
    /// The epoch of its partition.
    public let epoch: Int64
    /// Milliseconds until it leaves Redis; `nil` when it stays.
    public let lifetime: Int64?
}

/// What Redis holds of a partition, for people.
public struct ShownPartition: Sendable {
    /// The fields of `meta`, by their names.
    public let meta: [String: String]
    /// Whether the last recovery validated the Redis that answers.
    public let isOfThisRedis: Bool
    /// Entries in the outbox, and how many of them are not persisted as far as Redis was told.
    public let entries: (all: Int, backlog: Int?)
    /// The first of those.
    public let first: [Result<OutboxEntry, OutboxEntry.Malformed>]
    /// Events that are due some time, and when the first is.
    public let due: (count: Int, first: Int64?)
}

extension Inventory {
    /// What Redis holds of an event; `nil` when it holds nothing of it in this form.
    public func shown(_ event: EventID) async throws(InventoryError) -> ShownEvent? {
        let partition = keys.partition(of: event)
        let fields = try await command(["HMGET", keys.event(event), "p", "n", "o"]).array?.map(\.bytes) ?? []
        guard fields.count == 3, let policy = fields[0].flatMap({ StoredPolicy($0) }),
            let numbers = fields[1], numbers.count == Layout.eventNumbers.width
        else { return nil }
        let tiers = try await tiers(of: event, order: fields[2] ?? [])
        var reader = ByteReader(numbers[...])
        let (sequence, clock, next) = (reader.long(6), reader.long(6), reader.long(6))
        _ = reader.long(6)
        let (live, day, hasBefore) = (reader.integer(4), reader.long(3), reader.byte() == 1)
        let counts = try await pipeline([
            ["LLEN", keys.queue(event)], ["ZCARD", keys.expiries(event)], ["ZCARD", keys.paying(event)],
            ["HLEN", keys.event(event)], ["HLEN", keys.blocks(event)], ["HLEN", keys.dayKeys(event, day: day)],
            ["HLEN", keys.dayKeys(event, day: day - 1)], ["ZSCORE", keys.due(partition), "\(event)"],
        ]).map { $0.integer ?? $0.string.flatMap { Int64($0) } }
        func count(_ index: Int) -> Int { Int(counts[index] ?? 0) }
        // Policy, numbers, order; each tier's counters; hints.
        let own = 3 + tiers.counters.count + tiers.hints
        return ShownEvent(
            terms: EventPolicy.termNames.map { ($0, policy.terms[$0] ?? "") }, epoch: policy.epoch, sequence: sequence,
            clock: clock, next: next == 0 ? nil : next, due: counts[7], live: live, keyDay: (day, hasBefore),
            tiers: tiers.counters, indexes: (count(0), count(1), count(2)), users: count(3) - own, blocks: count(4),
            keys: (count(5), count(6)))
    }

    /// A booking's record, whatever its partition's state; `nil` when Redis does not have it in this form.
    public func shown(_ booking: BookingID) async throws(InventoryError) -> ShownBooking? {
        let key = keys.booking(booking)
        let replies = await results(of: [Self.named("GET", key), Self.named("PTTL", key)])
        guard let record = try replies[0].get().bytes.flatMap({ BookingRecord($0[...]) }) else { return nil }
        let state = try await state(of: booking.partition)
        let lifetime = try replies[1].get().integer.flatMap { $0 < 0 ? nil : $0 }
        return ShownBooking(
            record: record, isPersisted: record.entry.map { $0 <= state.cursor } ?? true, epoch: state.epoch,
            lifetime: lifetime)
    }

    /// What Redis holds of a partition, with up to `limit` entries that are not persisted; `nil` when it holds nothing.
    public func shown(_ partition: Partition, limit: Int) async throws(InventoryError) -> ShownPartition? {
        let meta = Self.texts(try await command(["HGETALL", keys.meta(partition)]))
        guard !meta.isEmpty else { return nil }
        let cursor = meta["cursor"].flatMap { StreamID($0) } ?? .zero
        let replies = try await pipeline([
            ["XRANGE", keys.outbox(partition), "(\(cursor)", "+", "COUNT", String(limit)],
            ["ZCARD", keys.due(partition)], ["ZRANGE", keys.due(partition), "0", "0", "WITHSCORES"],
            ["XLEN", keys.outbox(partition)],
        ])
        // A stream that is not there is an error.
        let stream = try? await command(["XINFO", "STREAM", keys.outbox(partition)]).array
        let added = stream.flatMap { fields in
            fields.firstIndex { $0.string == "entries-added" }.flatMap { fields[$0 + 1].integer }
        }
        let backlog = added.flatMap { added in meta["written"].flatMap { Int64($0) }.map { max(0, added - $0) } }
        let first = replies[2].array?.last?.string.flatMap { Int64($0) }
        return ShownPartition(
            meta: meta, isOfThisRedis: meta["identity"] == (try? identity()),
            entries: (Int(replies[3].integer ?? 0), backlog.map { Int($0) }),
            first: (replies[0].array ?? []).compactMap(OutboxEntry.parse), due: (Int(replies[1].integer ?? 0), first))
    }

    private static func named(_ command: String, _ key: [UInt8]) -> RedisCommand {
        var sent = RedisCommand(argumentCount: 2)
        sent.append(command)
        sent.append(key)
        return sent
    }

    private static func fields(_ reply: RedisValue) -> [[UInt8]: [UInt8]] {
        let list = reply.array ?? []
        var fields: [[UInt8]: [UInt8]] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            fields[list[index].bytes ?? []] = list[index + 1].bytes
        }
        return fields
    }

    private static func texts(_ reply: RedisValue) -> [String: String] {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return Dictionary(fields(reply).map { (text($0.key), text($0.value)) }) { $1 }
    }
}
