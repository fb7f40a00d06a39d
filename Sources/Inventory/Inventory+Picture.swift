public import Booking
import LuaLibrary
import RedisClient

/// What an event is at one moment: its counters and its seats together.
public struct EventPicture: Sendable, Equatable {
    /// The event's sequence number; rises with every change and never repeats.
    public let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    public let asOf: Int64
    /// Whether its numbers are trusted.
    public let isOpen: Bool
    /// Its tiers, in the order in which they were made.
    public let tiers: [TierCounters]
    /// One byte a seat (`SeatMap.free`, `held`, `sold`, `blocked`) in the order of the seat map, rows following each
    /// other; empty when it has no seats.
    public let seats: [UInt8]

    /// A picture.
    public init(sequence: Int64, asOf: Int64, isOpen: Bool, tiers: [TierCounters], seats: [UInt8]) {
        self.sequence = sequence
        self.asOf = asOf
        self.isOpen = isOpen
        self.tiers = tiers
        self.seats = seats
    }
}

extension Inventory {
    /// Where Redis tells which events have changed: each message is an event's id. What of it changes within
    /// `changeSilence` after a message may not be told.
    public static let changeChannel = "usher:changes"

    /// How long after a message about an event further ones may be missing: whoever hears one looks again then. As in
    /// `lua/lib/commit.lua`.
    public static let changeSilence = Duration.milliseconds(50)

    /// Counters and seats are asked for in one write; another client's script between them is rare.
    private static let attempts = 8

    /// What an event is now, or `nil` when Redis does not know it.
    public func picture(_ event: EventID) async throws(InventoryError) -> EventPicture? {
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
            return EventPicture(
                sequence: counters.sequence, asOf: counters.asOf,
                isOpen: try await isTrusted(keys.partition(of: event), counters),
                tiers: counters.tiers,
                seats: (map.rest.last?.bytes ?? []).filter { $0 != SeatMap.separator })
        }
        throw InventoryError(.overloaded, "the event changes faster than it can be read")
    }

    /// A Redis that came back says what it knew; whether that is all, a recovery has to find out.
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
