package import BoxOffice
import RedisClient

extension Inventory {
    /// Events of each of these partitions with holds that are due by `now`, the longest overdue first; read in one
    /// write.
    ///
    /// - Parameters:
    ///   - now: Redis's clock, Unix milliseconds.
    ///   - limit: maximum number of events per partition.
    package func dueEvents(
        _ partitions: [Partition], now: Int64, limit: Int
    ) async -> [Result<[EventID], InventoryError>] {
        await results(
            of: partitions.map {
                ["ZRANGEBYSCORE", keys.due($0), "-inf", String(now), "LIMIT", "0", String(limit)]
            }
        ).map { $0.map { reply in (reply.array ?? []).compactMap { $0.string.flatMap { EventID($0) } } } }
    }

    /// When the first hold of each of these partitions ends, Unix milliseconds of Redis's clock; partitions without
    /// holds are left out.
    package func nextDue(_ partitions: [Partition]) async throws(InventoryError) -> [Partition: Int64] {
        let replies = await results(of: partitions.map { ["ZRANGE", keys.due($0), "0", "0", "WITHSCORES"] })
        var next: [Partition: Int64] = [:]
        for (partition, reply) in zip(partitions, replies) {
            switch reply {
            case .success(let value):
                guard let score = value.array?.last?.string.flatMap({ Double($0) }) else { continue }
                next[partition] = Int64(exactly: score)
            // The key has another type: report it as due, so that reading what is due fails with the error.
            case .failure(let error) where error.code == .scriptFailed: next[partition] = 0
            case .failure(let error): throw error
            }
        }
        return next
    }

    /// Releases the due holds of one event, about 64 at most.
    ///
    /// - Returns: how many were released, and whether others may be due.
    package func expire(_ event: EventID) async throws(InventoryError) -> (returned: Int, more: Bool) {
        let answer = try await traced(.expire) { () async throws(InventoryError) in
            try await perform(.expire, of: event, moreLimit: 1, isRepeatable: false)
        }
        guard case .decided(let decision) = answer, decision.word == "OK" else { return (0, false) }
        var reader = FieldReader(decision.payload, separator: "|")
        guard let released = reader.integer(Int.self), let more = reader.integer(Int.self) else {
            throw InventoryError(.scriptFailed, "expire")
        }
        return (released, more == 1)
    }
}
