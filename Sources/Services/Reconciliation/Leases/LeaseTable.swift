import BoxOffice
import Records

/// The partitions that this replica has leased, and the state of each: the only state that services share.
///
/// Lives on one loop.
final class LeaseTable {
    private var leased: [Partition: LeasedPartition] = [:]

    /// `nil` for a partition that is not leased.
    subscript(partition: Partition) -> LeasedPartition? { leased[partition] }

    var partitions: [Partition] { Array(leased.keys) }

    var states: [LeasedPartition] { Array(leased.values) }

    /// The rows of all leased partitions, as they were last read or written.
    var rows: [Partition: PartitionRow] { leased.mapValues(\.row) }

    /// Changes a partition in place; does nothing if it is not leased any more.
    func update(_ partition: Partition, _ change: (inout LeasedPartition) -> Void) {
        guard let index = leased.index(forKey: partition) else { return }
        change(&leased.values[index])
    }

    /// Replaces the leases by those that PostgreSQL returned.
    ///
    /// - Returns: whether a partition was gained.
    func adopt(_ rows: [PartitionRow]) -> Bool {
        var now: [Partition: LeasedPartition] = [:]
        for row in rows {
            var known = leased[row.partition] ?? LeasedPartition(row)
            // Keep the known row, because a batch may have been committed since the read, unless another replica has
            // raised the epoch.
            if known.row.epoch < row.epoch {
                known.row = row
                known.invalidateCheck()
            }
            now[row.partition] = known
        }
        let isMore = now.keys.contains { leased[$0] == nil }
        leased = now
        return isMore
    }

    func remove(_ partition: Partition) { leased[partition] = nil }

    func removeAll() { leased = [:] }
}
