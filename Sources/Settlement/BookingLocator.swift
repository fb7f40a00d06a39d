public import Booking
public import Inventory
import PostgresClient
public import Records

/// Acts on bookings wherever they are: Redis lets go of those that are held no more, and of events long past.
public final class BookingLocator {
    private let inventory: Inventory
    private let bookings: BookingStore
    private let catalogue: Catalogue
    private let seats: SeatStore

    /// On the stores of one loop.
    public init(inventory: Inventory, bookings: BookingStore, catalogue: Catalogue, seats: SeatStore) {
        self.inventory = inventory
        self.bookings = bookings
        self.catalogue = catalogue
        self.seats = seats
    }

    /// A booking as it is; `nil` when there is none. While Redis cannot tell, PostgreSQL does.
    ///
    /// - Throws: `InventoryError` when Redis cannot tell and PostgreSQL does not know the booking: its record may be on its
    ///   way there.
    public func image(_ booking: BookingID) async throws -> BookingImage? {
        guard booking.partition.number < inventory.keys.partitions else { return nil }
        do throws(InventoryError) {
            if let found = try await inventory.booking(booking) { return found.image }
        } catch {
            guard let row = try await bookings.booking(booking) else { throw error }
            return row.image
        }
        return try await bookings.booking(booking)?.image
    }

    /// Acts on a booking; one that left Redis is put back from PostgreSQL first.
    ///
    /// - Parameter user: its owner, when only the owner may; of somebody else's booking nothing is known.
    /// - Throws: `.recovering` while its partition is closed: `.notFound` is only told when it is sure.
    public func act(
        _ booking: BookingID, user: UserID?, _ act: nonisolated(nonsending) () async throws -> TransitionOutcome
    ) async throws -> TransitionOutcome {
        let outcome = try await act()
        guard case .notFound = outcome else { return outcome }
        let readAt = try await inventory.moment(booking.partition)
        guard let row = try await bookings.booking(booking), user == nil || row.image.user == user else {
            return .notFound
        }
        // A live hold is always in Redis: that it is not means that Redis moved on from it.
        guard !row.image.status.isHeld else { throw InventoryError(.recovering) }
        guard
            try await inventory.loadBooking(
                booking, row.image, claimed: row.claimed, readAt: readAt)
        else {
            throw InventoryError(.unavailable)
        }
        let again = try await act()
        guard case .notFound = again, let event = try await catalogue.event(row.image.event) else { return again }
        // The event itself left Redis: its date is long past.
        try await load(event)
        return try await act()
    }

    /// Puts an event into Redis unless it is there.
    public func load(_ event: EventRecord) async throws {
        let policy = event.policy(
            clock: try await bookings.clock(of: event.id), seats: try await seats.state(of: event.id))
        guard try await inventory.load(policy, recovering: nil) == .done else { throw InventoryError(.recovering) }
    }
}
