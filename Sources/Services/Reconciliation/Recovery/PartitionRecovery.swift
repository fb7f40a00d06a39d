import BoxOffice
import Logging
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// Recovers partitions: afterwards Redis has everything that PostgreSQL has, and the partition is open again.
///
/// The surviving tail is persisted first; from then on PostgreSQL has everything that Redis has, and Redis can be
/// rebuilt from PostgreSQL alone. A recovery that is killed at any point is repeated under a higher epoch; a replica
/// that stalls and wakes is refused at its next script or commit. The first start is a recovery of nothing; a recovery
/// also upgrades a partition whose data in Redis has the first form.
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

    /// - Parameter onRecovered: called after each recovered partition.
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

    func recover(_ row: PartitionRow) async -> PartitionProgress {
        let start = monotonicNanoseconds()
        do {
            guard let recovered = try await rebuild(row) else { return .unsure }
            report.counts.recoveries += 1
            // `open` may have raised `trimmed`: older marks must not lower it again.
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

    /// Closes a partition, persists what PostgreSQL lacks, loads the partition from PostgreSQL, and opens it.
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
        // A Redis that restarted meanwhile may have lost the loaded data and still have this epoch. `open` uses the
        // identity that is compared here: nothing suspends between this check and its sending.
        guard inventory.connection.identity == identity,
            try await inventory.open(partition, epoch: drained.epoch, cursor: drained.cursor) == .done
        else { return nil }
        return drained
    }

    /// Whether the outbox still has everything that PostgreSQL lacks. If not, PostgreSQL fell back further than the
    /// retention: the partition stays closed until an operator has repaired PostgreSQL, because it must not sell from a
    /// past state.
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

    /// Persists the outbox tail beyond the cursor, or skips it if PostgreSQL has moved on from its history.
    private func takeTail(_ row: PartitionRow, lineage: Int64) async throws -> PartitionRow? {
        if lineage < row.lineage { return try await skipTail(row) }
        // Commits store the tail's lineage: after a crash half-way, the next recovery continues with the rest.
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

    /// Skips an outbox tail from an abandoned history. The tail is not deleted in Redis, because no fence there would
    /// stop a replica that wakes late.
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

    /// Removes data in the first form from Redis after all of it is persisted. Idempotency records are converted to
    /// the current form before fuller ones are loaded; the rest is deleted to free memory.
    private func clearFirstForm(_ row: PartitionRow, _ found: ClosedPartition) async throws -> Bool {
        guard found.isFirstForm else { return true }
        return try await inventory.clearFirstForm(row.partition, closedUnder: row.epoch)
    }
}
