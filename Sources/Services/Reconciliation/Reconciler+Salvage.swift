import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// Bookings that only records tell of, and that are live: they are persisted when all that ended has released its units.
private struct LiveSurvivors {
    /// Those that PostgreSQL has live too: they own no more than they do there.
    var kept: [BookingID] = []
    /// Those that take what PostgreSQL does not know them to have.
    var taken: [BookingID] = []
    /// How many were persisted so far, the ended ones included.
    var persisted = 0
}

extension Reconciler {
    /// Persists what only Redis's records still tell, where the outbox that was to tell it is gone or is known to lack
    /// something: live holds and sold units are never dropped while Redis has them.
    ///
    /// The records are of one history with PostgreSQL (the tail of another was passed over), so that all of them together
    /// are what PostgreSQL is to become. They are persisted in pieces, each a transaction of bounded size, in an order in
    /// which no constraint over several bookings is broken on the way: first what ended and so releases units, then what
    /// PostgreSQL has live already and can only own less, then the terms, then what takes units. Killed between two
    /// pieces, the partition is still closed and its damage still known: the next recovery finds in PostgreSQL what was
    /// persisted and goes on with the rest. No more than one piece is in memory, beside the ids of those that wait.
    ///
    /// - Returns: false when another replica was faster.
    func salvage(_ row: PartitionRow, _ found: ClosedPartition) async throws -> Bool {
        guard found.isDamaged, found.lineage >= row.lineage, found.lineage > 0 else { return true }
        var live = LiveSurvivors()
        let isComplete = try await inventory.survivors(row.partition, epoch: found.lineage, closedUnder: row.epoch) {
            [self] page in try await salvage(page, &live, row)
        }
        guard isComplete, try await salvage(live.kept[...], row, found.lineage),
            try await salvageTerms(row, found.lineage), try await salvage(live.taken[...], row, found.lineage)
        else { return false }
        let count = live.persisted + live.kept.count + live.taken.count
        note("partition \(row.partition.number): the outbox is not whole; \(count) bookings were taken from records")
        return true
    }

    /// Persists those of a page that have ended, and remembers those that are live.
    ///
    /// Bookings that PostgreSQL has refused are not among them: they end as verdicts.
    private func salvage(
        _ page: [Inventory.Survivor], _ live: inout LiveSurvivors, _ row: PartitionRow
    ) async throws -> Bool {
        let known = try await bookings.standings(of: page.map(\.id))
        let later = page.filter { $0.record.image.version > known[$0.id]?.version ?? 0 }
        let judged = try await verdicts.known(later.filter(\.record.image.status.isLive).map(\.id))
        var ended: [Inventory.Survivor] = []
        for survivor in later where !judged.contains(survivor.id) {
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

    /// Persists live ones, which are read again piece by piece: the partition is closed, so that they are as they were.
    private func salvage(_ bookings: ArraySlice<BookingID>, _ row: PartitionRow, _ lineage: Int64) async throws -> Bool
    {
        var rest = bookings
        while !rest.isEmpty {
            let some = rest.prefix(salvageLimit)
            rest = rest.dropFirst(some.count)
            guard
                let records = try await inventory.survivors(
                    Array(some), in: row.partition, epoch: lineage, closedUnder: row.epoch),
                try await persist(records[...], row)
            else { return false }
        }
        return true
    }

    /// Persists records in pieces. What PostgreSQL refuses together is tried one by one; what it refuses then is
    /// dead-lettered.
    private func persist(_ records: ArraySlice<Inventory.Survivor>, _ row: PartitionRow) async throws -> Bool {
        var rest = records
        while !rest.isEmpty {
            let some = rest.prefix(salvageLimit)
            rest = rest.dropFirst(some.count)
            var batch = Batch()
            for (booking, record) in some { batch.add(booking, record.image, claimed: record.claimed) }
            switch try await attempt(batch, row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused: guard try await persistSingly(some, row) else { return false }
            }
        }
        return true
    }

    private func persistSingly(_ records: ArraySlice<Inventory.Survivor>, _ row: PartitionRow) async throws -> Bool {
        for (booking, record) in records {
            switch try await attempt(Batch(booking, record.image, claimed: record.claimed), row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused(let error):
                guard try await deadLetter("\(booking) \(record.image.text)", error, row) else { return false }
            }
        }
        return true
    }

    private func deadLetter(_ entry: String, _ error: PostgresError, _ row: PartitionRow) async throws -> Bool {
        let letter = DeadLetter(id: row.cursor, entry: entry, reason: error.description)
        return try await commit(Batch(), row, row.cursor, [letter]) != nil
    }

    /// Persists capacities, prices and blocks, event by event.
    private func salvageTerms(_ row: PartitionRow, _ lineage: Int64) async throws -> Bool {
        for event in try await catalogue.current(in: row.partition) {
            guard let batch = try await changedTerms(of: event, lineage) else { continue }
            switch try await attempt(batch, row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused(let error):
                guard try await deadLetter("event \(event.id) epoch \(lineage) seq 0\n", error, row) else {
                    return false
                }
            }
        }
        return true
    }

    /// What Redis has of an event's terms where PostgreSQL has something else; `nil` when there is nothing.
    private func changedTerms(of event: EventRecord, _ lineage: Int64) async throws -> Batch? {
        guard let terms = try await inventory.terms(of: event.id, epoch: lineage) else { return nil }
        var batch = Batch()
        for tier in terms.tiers {
            let known = event.tiers.first { $0.id == tier.tier }
            guard
                known?.capacity != tier.capacity || known?.blocked != tier.blocked
                    || known?.unitAmount != tier.unitAmount
            else { continue }
            batch.add(
                tier.tier, Batch.Tier(capacity: tier.capacity, blocked: tier.blocked, unitAmount: tier.unitAmount))
        }
        let here = Set(terms.blocks.map(\.id))
        let known = try await seats.blocks(of: event.id)
        let there = Set(known.map(\.id))
        for block in terms.blocks where !there.contains(block.id) { batch.add(block, of: event.id) }
        for block in known where !here.contains(block.id) { batch.remove(block.id) }
        return batch.isEmpty ? nil : batch
    }
}
