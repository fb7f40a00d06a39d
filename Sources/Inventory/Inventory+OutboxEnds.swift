public import Booking
import RedisClient

/// How far a partition's outbox goes, by a Redis that is open under an epoch.
public struct OutboxEnd: Sendable, Equatable {
    /// The epoch this Redis says so under: PostgreSQL has to know the same one.
    public let epoch: Int64
    /// The last entry; no earlier than the position that was asked from.
    public let last: StreamID

    /// An end.
    public init(epoch: Int64, last: StreamID) {
        self.epoch = epoch
        self.last = last
    }
}

extension Inventory {
    /// Reads where outboxes end, in one write.
    ///
    /// Entries are looked at, not the stream's last generated id: a recovery sets that id past the cursor, and makes and
    /// deletes an entry where there was no stream, and nobody ever persists up to there.
    ///
    /// - Parameter positions: the partitions, each with an entry up to which PostgreSQL is known to be: only of those
    ///   that go on after it an entry is sent.
    /// - Returns: Redis's clock in Unix milliseconds, and the ends; partitions that are not open under the identity of
    ///   this Redis are left out.
    public func outboxEnds(
        of positions: [Partition: StreamID]
    ) async throws(InventoryError) -> (now: Int64, ends: [Partition: OutboxEnd]) {
        let validated = try identity()
        let partitions = Array(positions.keys)
        var commands = [RedisCommand("TIME")]
        for partition in partitions {
            let position = positions[partition] ?? .zero
            commands.append(RedisCommand("XREVRANGE", keys.outbox(partition), "+", "(\(position)", "COUNT", "1"))
            // After the entry: what it says holds for the entry too, or the partition is asked again.
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
