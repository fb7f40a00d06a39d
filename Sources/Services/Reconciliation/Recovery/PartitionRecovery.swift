import BoxOffice
import Logging
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// Recovers partitions: afterwards Redis has what PostgreSQL has, whatever Redis had lost, and is open again.
///
/// The surviving tail is persisted first; from then on PostgreSQL has everything that Redis has, and Redis can be rebuilt
/// from PostgreSQL alone. A recovery that is killed anywhere is repeated under a higher epoch; a replica that stalls and
/// wakes is refused at its next script or commit. The first start is a recovery of nothing; a partition in the first form
/// of what Redis stored is upgraded by its recovery.
final class PartitionRecovery {
    private let inventory: Inventory
    private let partitions: Partitions
    private let writer: BatchWriter
    private let reader: OutboxReader
    private let persister: OutboxPersister
    private let salvage: RecordSalvage
    private let reload: PartitionReload
    private let leases: LeaseTable
    private let report: ReconcilerReport
    private let onRecovered: () -> Void

    /// - Parameter onRecovered: called when a partition was recovered.
    init(
        inventory: Inventory, partitions: Partitions, writer: BatchWriter, reader: OutboxReader,
        persister: OutboxPersister, salvage: RecordSalvage, reload: PartitionReload, leases: LeaseTable,
        report: ReconcilerReport, onRecovered: @escaping () -> Void
    ) {
        self.inventory = inventory
        self.partitions = partitions
        self.writer = writer
        self.reader = reader
        self.persister = persister
        self.salvage = salvage
        self.reload = reload
        self.leases = leases
        self.report = report
        self.onRecovered = onRecovered
    }

    /// Recovers a partition.
    func recover(_ row: PartitionRow) async -> PartitionProgress {
        let start = monotonicNanoseconds()
        do {
            guard let recovered = try await rebuild(row) else { return .unsure }
            report.counts.recoveries += 1
            // What `open` wrote about the outbox's beginning must not be reverted.
            leases.update(row.partition) { $0.retention = Retention() }
            onRecovered()
            Log.debug("partition recovered") { line in
                line.add("partition", Int64(row.partition.number))
                line.add("epoch", recovered.epoch)
                line.add("durationMs", nanoseconds: monotonicNanoseconds() - start)
            }
            return .done(recovered)
        } catch {
            report.note("\(error)")
            return .unsure
        }
    }

    /// Closes a partition, persists what it has beyond PostgreSQL, loads it, and opens it.
    ///
    /// - Returns: `nil` if another replica was faster, or the partition cannot be recovered now.
    private func rebuild(_ row: PartitionRow) async throws -> PartitionRow? {
        let partition = row.partition
        guard let identity = inventory.connection.identity else { return nil }
        let known = try await inventory.state(of: partition).epoch
        guard let raised = try await partitions.raiseEpoch(row, above: known),
            let found = try await inventory.close(partition, epoch: raised.epoch),
            try await isGapless(raised),
            let drained = try await takeTail(raised, lineage: found.lineage),
            try await salvage.persistSurvivors(drained, found), try await clearFirstForm(drained, found),
            try await reload.load(drained)
        else { return nil }
        // A Redis that restarted meanwhile may have lost what was just loaded, and still know this epoch. `open` is given
        // the identity that is compared here: it runs up to its sending without a pause.
        guard inventory.connection.identity == identity,
            try await inventory.open(partition, epoch: drained.epoch, cursor: drained.cursor) == .done
        else { return nil }
        return drained
    }

    /// Whether the outbox still has all that PostgreSQL lacks. If it does not, PostgreSQL fell back by more than was
    /// retained: the partition stays closed, because it must not sell from a past state, until an operator has repaired
    /// PostgreSQL.
    private func isGapless(_ row: PartitionRow) async throws -> Bool {
        let trimmed = try await inventory.command([
            "HGET", inventory.keys.meta(row.partition), OutboxTrimmer.trimmedField,
        ])
        guard let trimmed = trimmed.string.flatMap({ StreamID($0) }), row.cursor < trimmed else { return true }
        report.note(
            "partition \(row.partition.number) is closed: PostgreSQL is at \(row.cursor), the outbox begins at \(trimmed)"
        )
        return false
    }

    /// Persists what this Redis has beyond the cursor, or skips it if PostgreSQL has moved on from its history.
    private func takeTail(_ row: PartitionRow, lineage: Int64) async throws -> PartitionRow? {
        if lineage < row.lineage { return try await skipTail(row) }
        // If this is killed half-way, the next recovery has to find that the rest descends from what is persisted.
        var row = PartitionRow(row, lineage: lineage)
        while true {
            let reply = try await inventory.command(
                reader.command(row, limit: reader.limit(of: row)), in: row.partition, closedUnder: row.epoch)
            guard let entries = reply.map(OutboxReader.entries) else { return nil }
            guard !entries.isEmpty else { return row }
            let batch = await reader.batch(of: row.partition, entries)
            guard case .done(let next) = await persister.persist(row, batch) else { return nil }
            row = next
        }
    }

    /// Skips an outbox tail from an abandoned history. Nothing is deleted in Redis, where no fence would stop a replica
    /// that wakes late.
    private func skipTail(_ row: PartitionRow) async throws -> PartitionRow? {
        let reply = try await inventory.command(
            ["XREVRANGE", inventory.keys.outbox(row.partition), "+", "-", "COUNT", "1"], in: row.partition,
            closedUnder: row.epoch)
        guard let reply else { return nil }
        guard let last = reply.array?.first?.array?.first?.string.flatMap({ StreamID($0) }), last > row.cursor else {
            return row
        }
        guard case .written = try await writer.write(Batch(), partition: row, cursor: last) else { return nil }
        return PartitionRow(row, cursor: last)
    }

    /// Removes what Redis stores in the first form, after all of it is persisted: idempotency records get this form's names
    /// before keys are loaded that have more in them, and the rest makes room.
    private func clearFirstForm(_ row: PartitionRow, _ found: ClosedPartition) async throws -> Bool {
        guard found.isFirstForm else { return true }
        return try await inventory.clearFirstForm(row.partition, closedUnder: row.epoch)
    }
}
