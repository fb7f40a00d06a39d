import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// Live bookings found only in records: they are persisted after all ended bookings have released their units.
private struct LiveSurvivors {
    /// Live in PostgreSQL too: they own at most the units that they own there.
    var kept: [BookingID] = []
    /// Not live in PostgreSQL: they take units there.
    var taken: [BookingID] = []
    /// How many ended bookings were persisted.
    var persisted = 0
}

/// Persists changes that only Redis's records still have, if the outbox is gone or known to lack entries: live holds
/// and sold units are never dropped while Redis has them.
///
/// The records continue PostgreSQL's history (the tail of another history was skipped), so together they are the state
/// that PostgreSQL must reach. They are persisted in pieces, each a transaction of bounded size, in an order that
/// violates no constraint over several bookings on the way: first bookings that ended and so release units, then
/// bookings that are live in PostgreSQL already and can only own less, then the terms, then bookings that take units.
/// After a crash between two pieces the partition is still closed and still marked as damaged: the next recovery finds
/// in PostgreSQL what was persisted and continues with the rest. Only one piece is in memory at a time, plus the ids of
/// the remaining bookings.
final class RecordSalvage {
    private let inventory: Inventory
    private let bookings: BookingStore
    private let verdicts: VerdictStore
    private let writer: OutboxWriter
    private let terms: TermsSalvage
    private let report: ReconcilerReport
    /// Bookings per transaction.
    var limit = 500

    init(
        inventory: Inventory, bookings: BookingStore, verdicts: VerdictStore, writer: OutboxWriter,
        terms: TermsSalvage, report: ReconcilerReport
    ) {
        self.inventory = inventory
        self.bookings = bookings
        self.verdicts = verdicts
        self.writer = writer
        self.terms = terms
        self.report = report
    }

    /// Persists changes that only records have, if the outbox is damaged.
    ///
    /// - Returns: false if another replica was faster.
    func persistSurvivors(_ row: PartitionRow, _ found: ClosedPartition) async throws -> Bool {
        guard found.isDamaged, found.lineage >= row.lineage, found.lineage > 0 else { return true }
        var live = LiveSurvivors()
        let isComplete = try await inventory.survivors(row.partition, epoch: found.lineage, closedUnder: row.epoch) {
            [self] page in try await salvage(page, &live, row)
        }
        guard isComplete, try await salvage(live.kept[...], row, found.lineage),
            try await terms.persist(row, found.lineage), try await salvage(live.taken[...], row, found.lineage)
        else { return false }
        let count = live.persisted + live.kept.count + live.taken.count
        report.note(
            "partition \(row.partition.number): the outbox is incomplete; \(count) bookings were salvaged from records")
        return true
    }

    /// Persists the ended bookings of a page, and adds the live ones to `live`.
    ///
    /// Skips bookings that PostgreSQL has refused: they are overruled.
    private func salvage(
        _ page: [Inventory.Survivor], _ live: inout LiveSurvivors, _ row: PartitionRow
    ) async throws -> Bool {
        let known = try await bookings.standings(of: page.map(\.id))
        let later = page.filter { $0.record.image.version > known[$0.id]?.version ?? 0 }
        let overruled = try await verdicts.known(later.filter(\.record.image.status.isLive).map(\.id))
        var ended: [Inventory.Survivor] = []
        for survivor in later where !overruled.contains(survivor.id) {
            if !survivor.record.image.status.isLive {
                ended.append(survivor)
            } else if known[survivor.id]?.status.isLive == true {
                live.kept.append(survivor.id)
            } else {
                live.taken.append(survivor.id)
            }
        }
        live.persisted += ended.count
        return try await persist(ended[...], row)
    }

    /// Persists live bookings, rereading their records piece by piece: in a closed partition they do not change.
    private func salvage(_ bookings: ArraySlice<BookingID>, _ row: PartitionRow, _ lineage: Int64) async throws -> Bool
    {
        var rest = bookings
        while !rest.isEmpty {
            let some = rest.prefix(limit)
            rest = rest.dropFirst(some.count)
            guard
                let records = try await inventory.survivors(
                    Array(some), in: row.partition, epoch: lineage, closedUnder: row.epoch),
                try await persist(records[...], row)
            else { return false }
        }
        return true
    }

    /// Persists records in pieces. If PostgreSQL refuses a piece, its records are written one by one, and those refused
    /// again are dead-lettered.
    private func persist(_ records: ArraySlice<Inventory.Survivor>, _ row: PartitionRow) async throws -> Bool {
        var rest = records
        while !rest.isEmpty {
            let some = rest.prefix(limit)
            rest = rest.dropFirst(some.count)
            var batch = Batch()
            for (booking, record) in some { batch.add(booking, record.image, claimed: record.claimed) }
            switch try await writer.attempt(batch, row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused: guard try await persistSingly(some, row) else { return false }
            }
        }
        return true
    }

    private func persistSingly(_ records: ArraySlice<Inventory.Survivor>, _ row: PartitionRow) async throws -> Bool {
        for (booking, record) in records {
            let batch = Batch(booking, record.image, claimed: record.claimed)
            switch try await writer.attempt(batch, row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused(let error):
                guard try await writer.deadLetter("\(booking) \(record.image.text)", error, row) else { return false }
            }
        }
        return true
    }
}
