import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// Persists event terms that only Redis has, if the outbox is gone or known to lack entries.
final class TermsSalvage {
    private let inventory: Inventory
    private let catalogue: Catalogue
    private let seats: SeatStore
    private let writer: OutboxWriter

    init(inventory: Inventory, catalogue: Catalogue, seats: SeatStore, writer: OutboxWriter) {
        self.inventory = inventory
        self.catalogue = catalogue
        self.seats = seats
        self.writer = writer
    }

    /// Persists capacities, prices and blocks, event by event; false if another replica was faster.
    func persist(_ row: PartitionRow, _ lineage: Int64) async throws -> Bool {
        for event in try await catalogue.current(in: row.partition) {
            guard let batch = try await changes(of: event, lineage) else { continue }
            switch try await writer.attempt(batch, row, row.cursor, []) {
            case .written: continue
            case .fenced: return false
            case .refused(let error):
                guard try await writer.deadLetter("event \(event.id) epoch \(lineage) seq 0\n", error, row) else {
                    return false
                }
            }
        }
        return true
    }

    /// The terms of an event in Redis where they differ from PostgreSQL's; `nil` if none does.
    private func changes(of event: EventRecord, _ lineage: Int64) async throws -> Batch? {
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
        let inRedis = Set(terms.blocks.map(\.id))
        let known = try await seats.blocks(of: event.id)
        let inPostgres = Set(known.map(\.id))
        for block in terms.blocks where !inPostgres.contains(block.id) { batch.add(block, of: event.id) }
        for block in known where !inRedis.contains(block.id) { batch.remove(block.id) }
        return batch.isEmpty ? nil : batch
    }
}
