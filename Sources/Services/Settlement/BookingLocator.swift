package import BoxOffice
import PostgresClient
package import Records
package import SeatInventory

/// Acts on bookings in either store: Redis drops bookings that are no longer held, and events long past.
package final class BookingLocator {
    private let inventory: Inventory
    private let bookings: BookingStore
    private let catalogue: Catalogue
    private let seats: SeatStore

    /// Takes the stores of one loop.
    package init(inventory: Inventory, bookings: BookingStore, catalogue: Catalogue, seats: SeatStore) {
        self.inventory = inventory
        self.bookings = bookings
        self.catalogue = catalogue
        self.seats = seats
    }

    /// Returns the current image of a booking; `nil` if there is none. Reads PostgreSQL while Redis is unavailable.
    ///
    /// - Throws: `InventoryError` if Redis is unavailable and PostgreSQL does not have the booking, which may not be
    ///   persisted yet.
    package func image(_ booking: BookingID) async throws -> Booking? {
        guard booking.partition.number < inventory.keys.partitions else { return nil }
        do throws(InventoryError) {
            if let found = try await inventory.booking(booking) { return found.image }
        } catch {
            guard let row = try await bookings.booking(booking) else { throw error }
            return row.image
        }
        return try await bookings.booking(booking)?.image
    }

    /// Acts on a booking. If Redis has dropped the booking, loads it from PostgreSQL first.
    ///
    /// - Parameter user: the required owner, or `nil`. Other users' bookings are reported as `.notFound`.
    /// - Throws: `.recovering` while the partition is closed: `.notFound` is returned only if it is certain.
    package func act(
        _ booking: BookingID, user: UserID?, _ act: nonisolated(nonsending) () async throws -> TransitionOutcome
    ) async throws -> TransitionOutcome {
        let outcome = try await act()
        guard case .notFound = outcome else { return outcome }
        let readAt = try await inventory.moment(booking.partition)
        guard let row = try await bookings.booking(booking), user == nil || row.image.user == user else {
            return .notFound
        }
        // Redis has all live holds, so a missing one has changed since PostgreSQL's row was written.
        guard !row.image.status.isHeld else { throw InventoryError(.recovering) }
        guard
            try await inventory.loadBooking(
                booking, row.image, claimed: row.claimed, readAt: readAt)
        else {
            throw InventoryError(.unavailable)
        }
        let again = try await act()
        guard case .notFound = again, let event = try await catalogue.event(row.image.event) else { return again }
        // Redis has dropped the event too, since its date is long past.
        try await load(event)
        return try await act()
    }

    /// Loads an event into Redis unless it is there.
    package func load(_ event: EventRecord) async throws {
        let policy = event.policy(
            clock: try await bookings.clock(of: event.id), seats: try await seats.state(of: event.id))
        guard try await inventory.load(policy, recovering: nil) == .done else { throw InventoryError(.recovering) }
    }
}
