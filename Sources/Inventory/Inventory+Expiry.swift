public import Booking
import RedisClient

extension Inventory {
    /// Events of a partition of which something has lapsed by `now`, the longest overdue first.
    ///
    /// - Parameters:
    ///   - now: Redis's clock, Unix milliseconds.
    ///   - limit: how many at most.
    public func dueEvents(
        _ partition: Partition, now: Int64, limit: Int
    ) async throws(InventoryError) -> [EventID] {
        let reply = try await command([
            "ZRANGEBYSCORE", keys.due(partition), "-inf", String(now), "LIMIT", "0", String(limit),
        ])
        return (reply.array ?? []).compactMap { $0.string.flatMap { EventID($0) } }
    }

    /// Returns up to 64 lapsed holds of one event.
    ///
    /// - Returns: how many were returned, and whether others may be due.
    public func expire(_ event: EventID) async throws(InventoryError) -> (returned: Int, more: Bool) {
        let partition = keys.partition(of: event)
        let reply = try await run(
            scripts.expire, partition: partition, keys: [keys.meta(partition)], arguments: [event.description])
        guard reply.word == "OK" else { return (0, false) }
        return (Int(reply.integer(0) ?? 0), reply.integer(1) == 1)
    }
}
