package import BoxOffice
import LuaLibrary
import RedisClient

/// A consistent snapshot of one event in Redis.
package struct EventSnapshot: Sendable {
    /// Redis's clock, Unix milliseconds.
    package let asOf: Int64
    /// Whether the partition is open and the event was loaded under its epoch.
    package let isOpen: Bool
    package let epoch: Int64
    /// The outbox's last entry.
    package let lastEntry: StreamID
    package let tiers: [TierCounters]
    /// The event's outbox entries beyond the cursor, in order; entries that cannot be parsed are left out.
    package let tail: [OutboxEntry]
    /// Holds in the indexes; `nil` for one in payment without a matching record of this epoch.
    package let holds: [BookingID: Booking?]
    /// The event's own count of holds.
    package let live: Int
    /// Users' totals: tickets and bookings.
    package let users: [UserID: String]
    /// Units and seats off sale.
    package let blocks: Set<Block>
    /// One byte per seat; empty without seats.
    package let seatMap: [UInt8]
    /// One byte per row.
    package let runs: [UInt8]
    /// The terms of sale, by the names of `EventPolicy.terms`.
    package let terms: [String: String]
}

/// An event's counters and totals in Redis at one moment.
package struct EventGlance: Sendable {
    /// Whether the partition is open and the event was loaded under its epoch.
    package let isOpen: Bool
    /// Whether a change of the event may not be persisted: then it cannot be compared.
    package let isBehind: Bool
    /// Live holds.
    package let holds: Int
    /// Users with live bookings.
    package let users: Int
    package let tiers: [TierCounters]
}

extension Inventory {
    /// Reads an event's counters; costs the same whatever the event's size.
    ///
    /// - Parameter cursor: the outbox position up to which PostgreSQL was read.
    package func glance(at event: EventID, after cursor: StreamID) async throws(InventoryError) -> EventGlance {
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.glance,
            keys: [keys.meta(partition), keys.event(event), keys.outbox(partition)],
            bytes: [event.uuid.bytes, Array(cursor.description.utf8)])
        guard reply.word != "NO_EVENT" else {
            return EventGlance(isOpen: false, isBehind: false, holds: 0, users: 0, tiers: [])
        }
        let part = Array(reply.rest)
        guard reply.word == "OK", part.count == 8 else { throw InventoryError(.scriptFailed, "glance") }
        return EventGlance(
            isOpen: isOpen(state: part[0], epoch: part[1], ofEvent: part[3]),
            isBehind: part[4].integer != 0, holds: Int(part[5].integer ?? 0), users: Int(part[6].integer ?? 0),
            tiers: try Self.tiers(part[7]))
    }

    /// Whether a partition is open and trusted, and the event was loaded under its epoch.
    private func isOpen(state: RedisValue, epoch: RedisValue, ofEvent: RedisValue) -> Bool {
        Self.isOpen(state: state.string, epoch: epoch.string, identity: connection.identity?.validated)
            && ofEvent.string == epoch.string
    }

    private static func tiers(_ value: RedisValue) throws(InventoryError) -> [TierCounters] {
        guard let tiers = TierCounters.list(bytes: (value.bytes ?? [])[...]) else {
            throw InventoryError(.scriptFailed, "malformed tiers")
        }
        return tiers
    }

    /// Reads all data of an event in one step.
    ///
    /// - Parameter cursor: the outbox position up to which PostgreSQL was read.
    /// - Throws: `.overloaded` if too many entries are not persisted for a comparison.
    package func snapshot(of event: EventID, after cursor: StreamID) async throws(InventoryError) -> EventSnapshot {
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.audit, keys: [keys.meta(partition), keys.event(event)],
            bytes: [event.uuid.bytes, Array(cursor.description.utf8)])
        guard reply.word != "NO_EVENT" else { return try await emptySnapshot(of: partition, cursor) }
        guard reply.word == "OK", reply.rest.count == 15 else {
            throw InventoryError(.overloaded, "too many entries are not persisted for a comparison")
        }
        let part = Array(reply.rest)
        let epoch = part[2].integer ?? 0
        return EventSnapshot(
            asOf: part[0].integer ?? 0,
            isOpen: isOpen(state: part[1], epoch: part[2], ofEvent: part[5]), epoch: epoch,
            lastEntry: part[4].string.flatMap { StreamID($0) } ?? cursor,
            tiers: try Self.tiers(part[6]),
            tail: (part[7].array ?? []).compactMap { try? OutboxEntry.parse($0)?.get() },
            holds: Self.holds(part[8]), live: Int(part[14].integer ?? 0), users: Self.users(part[9]),
            blocks: Set(Block.list(part[10])), seatMap: part[11].bytes ?? [], runs: part[12].bytes ?? [],
            terms: part[13].bytes.flatMap { StoredPolicy($0)?.terms } ?? [:])
    }

    /// The snapshot of an event that is not in Redis, or not in this form: it cannot be compared.
    private func emptySnapshot(
        of partition: Partition, _ cursor: StreamID
    ) async throws(InventoryError) -> EventSnapshot {
        EventSnapshot(
            asOf: try await now(), isOpen: false, epoch: try await state(of: partition).epoch, lastEntry: cursor,
            tiers: [], tail: [], holds: [:], live: 0, users: [:], blocks: [], seatMap: [], runs: [], terms: [:])
    }

    /// Closes a partition with drift, so that the reconciler recovers it from records and PostgreSQL.
    ///
    /// - Returns: false if it was recovered meanwhile.
    package func suspect(_ partition: Partition, epoch: Int64) async throws(InventoryError) -> Bool {
        let reply = try await evaluate(
            functions.suspect, keys: [keys.meta(partition)], arguments: [String(epoch)])
        return reply.word == "OK"
    }

    private static func pairs(_ value: RedisValue) -> [([UInt8], [UInt8])] {
        let list = value.array ?? []
        return stride(from: 0, to: list.count - 1, by: 2).map { (list[$0].bytes ?? [], list[$0 + 1].bytes ?? []) }
    }

    private static func holds(_ value: RedisValue) -> [BookingID: Booking?] {
        var holds: [BookingID: Booking?] = [:]
        for (id, bytes) in pairs(value) {
            var reader = ByteReader(id[...])
            let booking = BookingID(stored: reader.uuid())
            guard reader.isWhole else { continue }
            holds[booking] = .some(BookingRecord(bytes[...])?.image)
        }
        return holds
    }

    /// Users' totals from the fields of an event's hash, without the counts of keys and the ids that may follow them.
    private static func users(_ value: RedisValue) -> [UserID: String] {
        var users: [UserID: String] = [:]
        for (name, text) in pairs(value) where name.first == KeySpace.userMark {
            let ends = text.split(separator: UInt8(ascii: ";"), maxSplits: 1).first ?? []
            let numbers = ends.split(separator: UInt8(ascii: " "), maxSplits: 2).prefix(2)
            users[UserID(stored: String(decoding: name.dropFirst(), as: UTF8.self))] =
                numbers.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
        return users
    }
}
