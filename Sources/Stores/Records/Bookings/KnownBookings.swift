import BoxOffice
import PostgresClient

/// The part of a booking's row that a batch is compared with.
struct KnownBooking {
    /// Its version. The time is set only for versions that this writer persisted.
    let made: BookingVersion
    let status: BookingStatus
    var lines: [(tier: TierID, quantity: Int)] = []
    var hasSeats = false
    /// A payment of the booking that PostgreSQL has.
    var payment: PaymentID?
}

extension KnownBooking {
    /// The row after persisting an image.
    init(_ image: Booking) {
        made = image.made
        status = image.status
        lines = image.items.map { ($0.tier, $0.quantity) }
        hasSeats = image.items.contains { !$0.seats.isEmpty }
        payment = image.payment?.id
    }
}

/// Held bookings that a writer persisted recently, so that it need not query them when they change again.
///
/// Other processes may have changed them since, or PostgreSQL may have fallen back: these rows are a guess, which
/// PostgreSQL compares with its own (`NetChange.isGuess`). When the limit is reached, the oldest are dropped.
struct KnownBookings {
    private var recent: [BookingID: KnownBooking] = [:]
    private var older: [BookingID: KnownBooking] = [:]
    private let limit: Int

    /// - Parameter limit: number of bookings; up to twice as many are kept.
    init(limit: Int = 10_000) { self.limit = limit }

    /// The row of a booking, if known.
    subscript(booking: BookingID) -> KnownBooking? { recent[booking] ?? older[booking] }

    /// Records that a booking was persisted. A booking that is no longer held rarely changes again, and is dropped.
    mutating func note(_ booking: BookingID, _ image: Booking) {
        guard image.status.isHeld else { return forget(booking) }
        if recent.count >= limit {
            older = recent
            recent = [:]
        }
        recent[booking] = KnownBooking(image)
    }

    /// Drops a booking; the next batch queries it.
    mutating func forget(_ booking: BookingID) {
        recent[booking] = nil
        older[booking] = nil
    }
}
