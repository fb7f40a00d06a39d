import BoxOffice
import Loops
import PlantedBugs
import Records
import SeatInventory

/// Persists batches of outbox entries, then acknowledges them.
final class OutboxPersister {
    private let writer: OutboxWriter
    private let acknowledger: Acknowledger
    private let meter: LagMeter
    private let report: ReconcilerReport
    private let onRefundDue: () -> Void

    /// - Parameter onRefundDue: called when a payment with a due refund was persisted.
    init(
        writer: OutboxWriter, acknowledger: Acknowledger, meter: LagMeter, report: ReconcilerReport,
        onRefundDue: @escaping () -> Void
    ) {
        self.writer = writer
        self.acknowledger = acknowledger
        self.meter = meter
        self.report = report
        self.onRefundDue = onRefundDue
    }

    /// Persists a batch and acknowledges it.
    ///
    /// - Parameter row: the row as read, with the lineage of the entries.
    func persist(_ row: PartitionRow, _ entries: [ParsedEntry]) async -> PartitionProgress {
        guard let cursor = entries.last?.id else { return .unsure }
        do {
            let start = monotonicNanoseconds()
            if PlantedBug.current == .ackBeforeCommit {
                _ = await acknowledger.acknowledge(entries.flatMap(\.transitions), row, from: row.cursor, entries: 0)
            }
            guard let written = try await writer.write(entries, row, cursor) else { return .unsure }
            report.counts.entries += entries.count
            meter.measure(entries, row.partition, since: start)
            PersistLog.log(written)
            PersistLog.trace(written, since: start)
            let next = PartitionRow(row, cursor: cursor)
            if written.contains(where: { $0.image.payment?.status == .refundDue }) { onRefundDue() }
            await acknowledger.acknowledgeSoon(written, next, from: row.cursor, entries: entries.count)
            return .done(next)
        } catch {
            report.note("\(error)")
            return .unsure
        }
    }
}
