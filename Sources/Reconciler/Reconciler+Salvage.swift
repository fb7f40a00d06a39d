import Booking
import Inventory
import PostgresClient
import Records

extension Reconciler {
    /// Writes down what only Redis's records still tell, where the outbox that was to tell it is gone or is known to lack
    /// something: live holds and sold units are never dropped while Redis has them.
    ///
    /// The records are of one history with PostgreSQL (the tail of another was passed over), so that all of them
    /// together are what PostgreSQL is to become: one transaction, whatever its size.
    ///
    /// - Returns: false when somebody else was faster.
    func salvage(_ row: PartitionRow, _ found: ClosedPartition) async throws -> Bool {
        guard found.isDamaged, found.lineage >= row.lineage, found.lineage > 0 else { return true }
        guard let images = try await unwritten(row, found.lineage) else { return false }
        var batch = Batch()
        for (booking, image) in images { batch.add(booking, image) }
        try await addTerms(to: &batch, row.partition, found.lineage)
        note(
            "partition \(row.partition.number): the outbox is not whole; \(images.count) bookings are taken from records"
        )
        switch try await attempt(batch, row, row.cursor, []) {
        case .written: return true
        case .fenced: return false
        case .refused: return try await salvageSingly(images, row)
        }
    }

    /// Bookings that Redis has in a later version than PostgreSQL; `nil` when this is not the Redis that was closed.
    ///
    /// Those that PostgreSQL has refused are not among them: they end as verdicts.
    private func unwritten(_ row: PartitionRow, _ lineage: Int64) async throws -> [BookingID: BookingImage]? {
        guard let survivors = try await inventory.survivors(row.partition, epoch: lineage, closedUnder: row.epoch)
        else {
            return nil
        }
        var images: [BookingID: BookingImage] = [:]
        var rest = Array(survivors.keys)[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.versionLimit))
            rest = rest.dropFirst(some.count)
            let versions = try await bookings.versions(of: some)
            let judged = try await verdicts.known(some)
            for id in some {
                guard let image = survivors[id], image.version > versions[id] ?? 0 else { continue }
                if !image.status.isLive || !judged.contains(id) { images[id] = image }
            }
        }
        return images
    }

    /// Bookings asked for in one query.
    private static let versionLimit = 5000

    private func addTerms(to batch: inout Batch, _ partition: Partition, _ lineage: Int64) async throws {
        for event in try await catalogue.current(in: partition) {
            guard let terms = try await inventory.terms(of: event.id, epoch: lineage) else { continue }
            for tier in terms.tiers {
                batch.add(
                    tier.tier,
                    Batch.Tier(capacity: tier.capacity, blocked: tier.blocked, unitAmount: tier.unitAmount))
            }
            let here = Set(terms.blocks.map(\.id))
            let known = try await seats.blocks(of: event.id)
            let there = Set(known.map(\.id))
            for block in terms.blocks where !there.contains(block.id) { batch.add(block, of: event.id) }
            for block in known where !here.contains(block.id) { batch.remove(block.id) }
        }
    }

    /// What PostgreSQL refuses together is tried one by one; what it refuses then is kept as a dead letter.
    private func salvageSingly(_ images: [BookingID: BookingImage], _ row: PartitionRow) async throws -> Bool {
        for (booking, image) in images.sorted(by: { !$0.value.status.isLive && $1.value.status.isLive }) {
            switch try await attempt(Batch(booking, image), row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused(let error):
                let letter = DeadLetter(id: row.cursor, entry: "\(booking) \(image.text)", reason: error.description)
                guard try await commit(Batch(), row, row.cursor, [letter]) != nil else { return false }
            }
        }
        return true
    }
}
