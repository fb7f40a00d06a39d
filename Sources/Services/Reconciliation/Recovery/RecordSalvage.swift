import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// Live bookings that only records have: they are persisted after all ended bookings have released their units.
private struct LiveSurvivors {
    /// Those that are live in PostgreSQL too: they own at most what they own there.
    var kept: [BookingID] = []
    /// Those that own units that PostgreSQL does not have them own.
    var taken: [BookingID] = []
    /// How many were persisted so far, the ended ones included.
    var persisted = 0
}

/// Persists what only Redis's records still have, where the outbox is gone or known to lack entries: live holds and sold
/// units are never dropped while Redis has them.
///
/// The records are of one history with PostgreSQL (the tail of another was skipped), so that all of them together are what
/// PostgreSQL is to become. They are persisted in pieces, each a transaction of bounded size, in an order in which no
/// constraint over several bookings is violated on the way: first bookings that ended and so release units, then bookings
/// that are live in PostgreSQL already and can only own less, then the terms, then bookings that take units. If it is
/// killed between two pieces, the partition is still closed and its damage still known: the next recovery finds in
/// PostgreSQL what was persisted and continues with the rest. At most one piece is in memory, beside the ids of bookings
/// that wait.
final class RecordSalvage {
    private let inventory: Inventory
    private let bookings: BookingStore
    private let verdicts: VerdictStore
    private let writer: OutboxWriter
    private let terms: TermsSalvage
    private let report: ReconcilerReport
    /// Bookings that are persisted from records in one transaction.
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

    /// Persists what only records have, if the outbox is damaged.
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
            "partition \(row.partition.number): the outbox is not whole; \(count) bookings were salvaged from records")
        return true
    }

    /// Persists the ended bookings of a page, and adds the live ones to `live`.
    ///
    /// Bookings that PostgreSQL has refused are in neither: they are overruled.
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

    /// Persists live bookings, whose records are read again piece by piece: in a closed partition they do not change.
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

    /// Persists records in pieces. A piece that PostgreSQL refuses is written one by one; a record that it refuses then is
    /// dead-lettered.
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
