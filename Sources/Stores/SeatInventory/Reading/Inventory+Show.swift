package import BoxOffice
import RedisClient

/// An event's data in Redis, for display, whatever its partition's state: read in three steps, so changes in between
/// may show.
package struct ShownEvent: Sendable {
    /// The terms of sale, by the names of the policy's fields.
    package let terms: [(name: String, value: String)]
    /// The epoch under which it was loaded; `closed` after a failure half-way.
    package let epoch: String
    /// The sequence number of its last outbox entry.
    package let sequence: Int64
    /// The latest time that a function saw, Unix milliseconds.
    package let clock: Int64
    /// When something of the event is due, possibly earlier; `nil` for nothing.
    package let next: Int64?
    /// The event's score in `due`.
    package let due: Int64?
    /// The event's own count of live holds.
    package let live: Int
    /// The last day with keys of claims (days since 1970), and whether the day before has some.
    package let keyDay: (day: Int64, hasBefore: Bool)
    /// Its tiers, in creation order.
    package let tiers: [TierCounters]
    /// Number of groups in the queue of holds, of holds out of its order, and of bookings in payment; some may have
    /// changed since.
    package let indexes: (queued: Int, others: Int, paying: Int)
    /// Users with live bookings.
    package let users: Int
    /// Number of blocks.
    package let blocks: Int
    /// Keys and users in the hashes of the last day with keys, and of the day before.
    package let keys: (day: Int, before: Int)
}

/// A record in Redis, and whether PostgreSQL is known to have it.
package struct ShownBooking: Sendable {
    package let record: BookingRecord
    /// Whether its entry is at or before the cursor.
    package let isPersisted: Bool
    package let epoch: Int64
    /// Milliseconds until it leaves Redis; `nil` if it stays.
    package let lifetime: Int64?
}

/// A partition's data in Redis, for display.
package struct ShownPartition: Sendable {
    /// The fields of `meta`, by name.
    package let meta: [String: String]
    /// Whether the last recovery validated the Redis that this connection talks to.
    package let isOfThisRedis: Bool
    /// Entries in the outbox, and how many of them are not persisted, by Redis's cursor.
    package let entries: (all: Int, backlog: Int?)
    /// The first entries that are not persisted.
    package let first: [Result<OutboxEntry, OutboxEntry.Malformed>]
    /// Number of events in `due`, and when the first is due.
    package let due: (count: Int, first: Int64?)
}

extension Inventory {
    /// Reads an event's data from Redis; `nil` if there is none in this form.
    package func shown(_ event: EventID) async throws(InventoryError) -> ShownEvent? {
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

    /// Reads a booking's record, whatever its partition's state; `nil` if Redis does not have it in this form.
    package func shown(_ booking: BookingID) async throws(InventoryError) -> ShownBooking? {
        let key = keys.booking(booking)
        let replies = await results(of: [Self.named("GET", key), Self.named("PTTL", key)])
        guard let record = try replies[0].get().bytes.flatMap({ BookingRecord($0[...]) }) else { return nil }
        let state = try await state(of: booking.partition)
        let lifetime = try replies[1].get().integer.flatMap { $0 < 0 ? nil : $0 }
        return ShownBooking(
            record: record, isPersisted: record.entry.map { $0 <= state.cursor } ?? true, epoch: state.epoch,
            lifetime: lifetime)
    }

    /// Reads a partition's data from Redis, with up to `limit` entries that are not persisted; `nil` if there is none.
    package func shown(_ partition: Partition, limit: Int) async throws(InventoryError) -> ShownPartition? {
        let meta = Self.texts(try await command(["HGETALL", keys.meta(partition)]))
        guard !meta.isEmpty else { return nil }
        let cursor = meta["cursor"].flatMap { StreamID($0) } ?? .zero
        let replies = try await pipeline([
            ["XRANGE", keys.outbox(partition), "(\(cursor)", "+", "COUNT", String(limit)],
            ["ZCARD", keys.due(partition)], ["ZRANGE", keys.due(partition), "0", "0", "WITHSCORES"],
            ["XLEN", keys.outbox(partition)],
        ])
        // A missing stream is an error.
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
