public import Booking
import LuaLibrary
import RedisClient

extension Inventory {
    /// Events of each of these partitions of which something has lapsed by `now`, the longest overdue first; asked in
    /// one write.
    ///
    /// - Parameters:
    ///   - now: Redis's clock, Unix milliseconds.
    ///   - limit: how many at most, of each.
    public func dueEvents(
        _ partitions: [Partition], now: Int64, limit: Int
    ) async -> [Result<[EventID], InventoryError>] {
        await results(
            of: partitions.map {
                ["ZRANGEBYSCORE", keys.due($0), "-inf", String(now), "LIMIT", "0", String(limit)]
            }
        ).map { $0.map { reply in (reply.array ?? []).compactMap { $0.string.flatMap { EventID($0) } } } }
    }

    /// When the first hold of these partitions is over, Unix milliseconds of Redis's clock; `nil` when none is held.
    public func nextDue(_ partitions: [Partition]) async throws(InventoryError) -> Int64? {
        let replies = try await pipeline(partitions.map { ["ZRANGE", keys.due($0), "0", "0", "WITHSCORES"] })
        return replies.compactMap { $0.array?.last?.string.flatMap { Double($0) } }.min().flatMap { Int64(exactly: $0) }
    }

    /// Returns up to 64 lapsed holds of one event.
    ///
    /// - Returns: how many were returned, and whether others may be due.
    public func expire(_ event: EventID) async throws(InventoryError) -> (returned: Int, more: Bool) {
        let partition = keys.partition(of: event)
        let reply = try await run(
            functions.expire, partition: partition, keys: [keys.meta(partition)], arguments: [event.description])
        guard reply.word == "OK" else { return (0, false) }
        return (Int(reply.integer(0) ?? 0), reply.integer(1) == 1)
    }
}
