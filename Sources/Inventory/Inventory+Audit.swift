public import Booking
import LuaLibrary
import RedisClient

/// One event as Redis has it at one moment.
public struct EventSnapshot: Sendable {
    /// Redis's clock, Unix milliseconds.
    public let asOf: Int64
    /// Whether its partition is open and the event of its epoch.
    public let isOpen: Bool
    /// The partition's epoch.
    public let epoch: Int64
    /// The outbox's last entry.
    public let lastEntry: StreamID
    /// Counters.
    public let tiers: [TierCounters]
    /// What the outbox says of the event beyond the cursor, in order; entries that cannot be read are left out.
    public let tail: [OutboxEntry]
    /// Holds of the index; `nil` for one without a record of this epoch.
    public let holds: [BookingID: BookingImage?]
    /// Users' totals, as text by escaped user.
    public let users: [String: String]
    /// What is off sale.
    public let blocks: Set<Block>
    /// One byte a seat; empty without seats.
    public let seatMap: [UInt8]
    /// One byte a row.
    public let runs: [UInt8]
    /// How it is sold, by the names of `EventPolicy.terms`.
    public let terms: [String: String]
}

/// An event's counters as Redis has them at one moment, and how much there is of it.
public struct EventGlance: Sendable {
    /// Whether its partition is open and the event of its epoch.
    public let isOpen: Bool
    /// Whether something of it may not be written down: it cannot be compared then.
    public let isBehind: Bool
    /// Holds in the indices.
    public let holds: Int
    /// Users who have something.
    public let users: Int
    /// Counters.
    public let tiers: [TierCounters]
}

extension Inventory {
    /// Reads an event's counters; costs the same however much there is of it.
    ///
    /// - Parameter cursor: up to where PostgreSQL had the outbox when it was read.
    public func glance(at event: EventID, after cursor: StreamID) async throws(InventoryError) -> EventGlance {
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.glance,
            keys: [
                keys.meta(partition), keys.event(event), keys.outbox(partition), keys.expiries(event),
                keys.paying(event), keys.users(event),
            ], arguments: [event.description, cursor.description])
        let part = Array(reply.rest)
        guard reply.word == "OK", part.count == 8 else { throw InventoryError(.scriptFailed, "glance") }
        return EventGlance(
            isOpen: isOpen(state: part[0], epoch: part[1], identity: part[2], ofEvent: part[3]),
            isBehind: part[4].integer != 0, holds: Int(part[5].integer ?? 0), users: Int(part[6].integer ?? 0),
            tiers: Self.tiers(part[7]))
    }

    /// Whether a partition is open and trusted, and the event of its epoch.
    private func isOpen(state: RedisValue, epoch: RedisValue, identity: RedisValue, ofEvent: RedisValue) -> Bool {
        state.string == "open" && identity.string == connection.identity?.validated && ofEvent.string == epoch.string
    }

    private static func tiers(_ value: RedisValue) -> [TierCounters] {
        pairs(value).compactMap { id, text in TierID(id).flatMap { TierCounters(tier: $0, text: text) } }
    }

    /// Reads all there is of an event in one step.
    ///
    /// - Parameter cursor: up to where PostgreSQL had the outbox when it was read.
    /// - Throws: `.overloaded` when too much is not written down to be compared.
    public func snapshot(of event: EventID, after cursor: StreamID) async throws(InventoryError) -> EventSnapshot {
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.audit,
            keys: [
                keys.meta(partition), keys.event(event), keys.outbox(partition), keys.expiries(event),
                keys.paying(event), keys.users(event), keys.seatMap(event), keys.longestRuns(event),
                keys.blocks(event),
            ], arguments: [event.description, cursor.description])
        guard reply.word == "OK", reply.rest.count == 14 else {
            throw InventoryError(.overloaded, "too much is not written down to be compared")
        }
        let part = Array(reply.rest)
        let epoch = part[2].integer ?? part[2].string.flatMap { Int64($0) } ?? 0
        return EventSnapshot(
            asOf: part[0].string.flatMap { Int64($0) } ?? 0,
            isOpen: isOpen(state: part[1], epoch: part[2], identity: part[3], ofEvent: part[5]), epoch: epoch,
            lastEntry: part[4].string.flatMap { StreamID($0) } ?? cursor,
            tiers: Self.tiers(part[6]),
            tail: (part[7].array ?? []).compactMap { try? OutboxEntry.parse($0)?.get() },
            holds: Self.holds(part[8], epoch),
            users: Dictionary(Self.pairs(part[9])) { $1 },
            blocks: Set(
                Self.pairs(part[10]).compactMap { id, text in BlockID(id).flatMap { Block(id: $0, text: text) } }),
            seatMap: part[11].bytes ?? [], runs: part[12].bytes ?? [],
            terms: Dictionary(Self.pairs(part[13])) { $1 })
    }

    /// Closes a partition in which drift was found, so that the reconciler recovers it from records and PostgreSQL.
    ///
    /// - Returns: false when it was recovered meanwhile.
    public func suspect(_ partition: Partition, epoch: Int64) async throws(InventoryError) -> Bool {
        let reply = try await evaluate(
            functions.suspect, keys: [keys.meta(partition)], arguments: [String(epoch)])
        return reply.word == "OK"
    }

    private static func pairs(_ value: RedisValue) -> [(String, String)] {
        let list = value.array ?? []
        return stride(from: 0, to: list.count - 1, by: 2).map { (list[$0].string ?? "", list[$0 + 1].string ?? "") }
    }

    private static func holds(_ value: RedisValue, _ epoch: Int64) -> [BookingID: BookingImage?] {
        var holds: [BookingID: BookingImage?] = [:]
        for (id, text) in pairs(value) {
            guard let uuid = UUIDBytes(id) else { continue }
            let record = BookingRecord(text: text)
            holds[BookingID(stored: uuid)] = .some(record?.epoch == String(epoch) ? record?.image : nil)
        }
        return holds
    }
}
