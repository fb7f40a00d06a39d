package import BoxOffice
import LuaLibrary
import RedisClient

/// An event's state at one moment: its counters and its seats together.
package struct LiveSnapshot: Sendable, Equatable {
    /// The event's sequence number; rises with every change and never repeats.
    package let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    package let asOf: Int64
    /// Whether its numbers are trusted.
    package let isOpen: Bool
    /// Its tiers, in creation order.
    package let tiers: [TierCounters]
    /// One byte per seat (`SeatMap.free`, `held`, `sold`, `blocked`) in the order of the seat map, without separators;
    /// empty if the event has no seats.
    package let seats: [UInt8]

    package init(sequence: Int64, asOf: Int64, isOpen: Bool, tiers: [TierCounters], seats: [UInt8]) {
        self.sequence = sequence
        self.asOf = asOf
        self.isOpen = isOpen
        self.tiers = tiers
        self.seats = seats
    }
}

extension Inventory {
    /// The channel on which Redis publishes the ids of events that have changed. Changes within `changeSilence` after a
    /// message may not be published.
    package static let changeChannel = "usher:changes"

    /// How long after a message about an event further messages may be missing: subscribers read the event again after
    /// that. The same value as in `lua/lib/commit.lua`.
    package static let changeSilence = Duration.milliseconds(50)

    /// Counters and seats are read in one write; another client's call between the two is rare.
    private static let attempts = 8

    /// The present state of an event, or `nil` if it is not in Redis.
    package func picture(_ event: EventID) async throws(InventoryError) -> LiveSnapshot? {
        for _ in 0..<Self.attempts {
            let connection = connection
            let calls = pictureCalls(event)
            let replies = await withUnsafeContinuation { continuation in
                var replies: [Result<RedisValue, RedisError>] = []
                for call in calls {
                    connection.call(call) { reply in
                        replies.append(reply)
                        if replies.count == calls.count { continuation.resume(returning: replies) }
                    }
                }
            }
            guard let counters = try availability(Self.reply(replies[0])) else { return nil }
            let map = try Self.reply(replies[1])
            guard map.word == "OK" else { return nil }
            guard map.integer(0) == counters.sequence else { continue }
            return LiveSnapshot(
                sequence: counters.sequence, asOf: counters.asOf,
                isOpen: try await isTrusted(keys.partition(of: event), counters),
                tiers: counters.tiers,
                seats: (map.rest.last?.bytes ?? []).filter { $0 != SeatMap.separator })
        }
        throw InventoryError(.overloaded, "the event changes faster than it can be read")
    }

    /// A Redis that came back returns the data that it has; only a recovery finds out whether that is complete.
    private func isTrusted(_ partition: Partition, _ counters: Availability) async throws(InventoryError) -> Bool {
        let state = try await state(of: partition)
        let identity = try identity()
        return counters.isOpen && state.isOpen && state.identity == identity
    }

    private func pictureCalls(_ event: EventID) -> [RedisFunctionCall] {
        let partition = keys.partition(of: event)
        var counters = RedisFunctionCall(functions.availability, keyCount: 2, argumentCount: 0)
        counters.append(keys.meta(partition))
        counters.append(keys.event(event))
        var map = RedisFunctionCall(functions.seatMap, keyCount: 3, argumentCount: 1)
        map.append(keys.meta(partition))
        map.append(keys.event(event))
        map.append(keys.seatMap(event))
        map.append("")
        return [counters, map]
    }

    private static func reply(_ result: Result<RedisValue, RedisError>) throws(InventoryError) -> Reply {
        switch result {
        case .success(let value):
            guard let reply = Reply(value) else { throw InventoryError(.scriptFailed, "picture") }
            return reply
        case .failure(let error): throw InventoryError(error)
        }
    }
}
