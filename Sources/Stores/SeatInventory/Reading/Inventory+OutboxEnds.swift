package import BoxOffice
import RedisClient

/// The end of a partition's outbox, in a Redis that is open under an epoch.
package struct OutboxEnd: Sendable, Equatable {
    /// The epoch under which the partition is open: PostgreSQL must have the same one.
    package let epoch: Int64
    /// The last entry; no earlier than the position that was passed.
    package let last: StreamID

    package init(epoch: Int64, last: StreamID) {
        self.epoch = epoch
        self.last = last
    }
}

extension Inventory {
    /// Reads the ends of outboxes, in one write.
    ///
    /// Reads entries, not the stream's last generated id: a recovery sets that id past the cursor, or adds and deletes
    /// an entry to create a stream, and no entry is ever persisted at that id.
    ///
    /// - Parameter positions: the partitions, each with an entry that PostgreSQL is known to have reached: only
    ///   outboxes that continue after it return an entry.
    /// - Returns: Redis's clock in Unix milliseconds, and the ends; partitions that are not open under the identity of
    ///   this Redis are left out.
    package func outboxEnds(
        of positions: [Partition: StreamID]
    ) async throws(InventoryError) -> (now: Int64, ends: [Partition: OutboxEnd]) {
        let validated = try identity()
        let partitions = Array(positions.keys)
        var commands = [RedisCommand("TIME")]
        for partition in partitions {
            let position = positions[partition] ?? .zero
            commands.append(RedisCommand("XREVRANGE", keys.outbox(partition), "+", "(\(position)", "COUNT", "1"))
            // Read after the entry: the state then also applies to the entry; otherwise the partition is read again
            // later.
            commands.append(RedisCommand("HMGET", keys.meta(partition), "epoch", "state"))
        }
        let replies = await results(of: commands)
        guard let time = try replies[0].get().array, time.count == 2, let seconds = time[0].integer,
            let microseconds = time[1].integer
        else { throw InventoryError(.scriptFailed, "TIME") }
        var ends: [Partition: OutboxEnd] = [:]
        for (index, partition) in partitions.enumerated() {
            guard case .success(let entries) = replies[1 + 2 * index], let entries = entries.array,
                case .success(let meta) = replies[2 + 2 * index], let meta = meta.array, meta.count == 2,
                let epoch = meta[0].integer,
                meta[1].string == Self.openState(epoch: "\(epoch)", identity: validated)
            else { continue }
            let last = entries.first?.array?.first?.string.flatMap { StreamID($0) }
            ends[partition] = OutboxEnd(epoch: epoch, last: last ?? positions[partition] ?? .zero)
        }
        return (seconds * 1000 + microseconds / 1000, ends)
    }
}
