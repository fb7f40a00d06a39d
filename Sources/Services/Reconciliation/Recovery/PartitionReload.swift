import BoxOffice
import Logging
import Loops
import Records
import SeatInventory

/// Loads a closed partition into Redis from PostgreSQL: events, blocks, users' totals, live holds and claims' keys.
final class PartitionReload {
    private let inventory: Inventory
    private let catalogue: Catalogue
    private let bookings: BookingStore
    private let seats: SeatStore

    /// Nanoseconds; an event that takes longer to load is logged.
    private static let longLoad: Int64 = 100_000_000

    init(inventory: Inventory, catalogue: Catalogue, bookings: BookingStore, seats: SeatStore) {
        self.inventory = inventory
        self.catalogue = catalogue
        self.bookings = bookings
        self.seats = seats
    }

    /// Loads everything; false if a later recovery has begun.
    func load(_ row: PartitionRow) async throws -> Bool {
        for event in try await catalogue.current(in: row.partition) {
            let start = monotonicNanoseconds()
            defer { logLong(event, since: start) }
            let clock = try await bookings.clock(of: event.id)
            let policy = event.policy(clock: clock, seats: try await seats.state(of: event.id))
            guard try await inventory.load(policy, recovering: row.epoch) == .done,
                try await loadBlocks(event.id, row.epoch), try await loadUsers(event.id, row.epoch),
                try await loadHolds(event.id, row), try await loadKeys(event.id, row)
            else { return false }
        }
        return true
    }

    /// Shows in the log that a recovery with large events makes progress.
    private func logLong(_ event: EventRecord, since start: Int64) {
        let duration = monotonicNanoseconds() - start
        guard duration > Self.longLoad else { return }
        Log.info("event loaded") { line in
            line.add("eventId", event.id.description)
            line.add("durationMs", nanoseconds: duration)
        }
    }

    private func loadBlocks(_ event: EventID, _ epoch: Int64) async throws -> Bool {
        var rest = try await seats.blocks(of: event)[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Inventory.loadLimit))
            guard try await inventory.loadBlocks(some, event: event, epoch: epoch) == .done else { return false }
            rest = rest.dropFirst(Inventory.loadLimit)
        }
        return true
    }

    private func loadUsers(_ event: EventID, _ epoch: Int64) async throws -> Bool {
        try await bookings.totals(of: event, limit: Inventory.loadLimit) { [inventory] users in
            try await inventory.loadUsers(users, event: event, epoch: epoch) == .done
        }
    }

    private func loadHolds(_ event: EventID, _ row: PartitionRow) async throws -> Bool {
        var after: BookingID?
        while true {
            let holds = try await bookings.holds(of: event, after: after, limit: Inventory.loadLimit)
            guard !holds.isEmpty else { return true }
            let records = holds.map {
                (id: $0.id, record: BookingRecord(image: $0.image, epoch: row.epoch, claimed: $0.claimed))
            }
            guard try await inventory.loadHolds(records, event: event, epoch: row.epoch) == .done else { return false }
            after = holds.last?.id
        }
    }

    /// Loads the keys of claims of the last 24 hours, so that a client that retries gets the booking that it made.
    private func loadKeys(_ event: EventID, _ row: PartitionRow) async throws -> Bool {
        var after: (createdAt: String, booking: BookingID)?
        while true {
            let page = try await bookings.claims(of: event, after: after, limit: Inventory.loadLimit)
            guard let last = page.last else { return true }
            let loaded = try await inventory.loadKeys(
                page.compactMap(\.claim), event: event, epoch: row.epoch)
            guard loaded == .done else { return false }
            after = (last.createdAt, last.booking)
        }
    }
}
