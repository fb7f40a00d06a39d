import BoxOffice
import Records

/// The result of scanning a partition: its outbox entries beyond the cursor, and whether Redis can be trusted.
struct PartitionScan {
    let row: PartitionRow
    /// The next entries, as many as fit in one transaction.
    let batch: [ParsedEntry]
    /// Whether there may be more entries than the batch has.
    let hasMore: Bool
    let needsRecovery: Bool
    /// The cursor that Redis has.
    let acknowledged: StreamID

    var hasWork: Bool { needsRecovery || !batch.isEmpty || acknowledged < row.cursor }
}
