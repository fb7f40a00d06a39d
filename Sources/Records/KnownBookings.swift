import Booking
import PostgresClient

/// A booking as PostgreSQL has it, as far as a batch is compared with it.
struct KnownBooking {
    /// Which version it is; of one that was asked about nobody wants to know when that was made.
    let made: BookingVersion
    let status: BookingStatus
    var lines: [(tier: TierID, quantity: Int)] = []
    var hasSeats = false
    /// A payment of it that PostgreSQL has.
    var payment: PaymentID?
}

extension KnownBooking {
    /// What was persisted.
    init(_ image: BookingImage) {
        made = image.made
        status = image.status
        lines = image.items.map { ($0.tier, $0.quantity) }
        hasSeats = image.items.contains { !$0.seats.isEmpty }
        payment = image.payment?.id
    }
}

/// Held bookings that a writer has persisted lately, so that it need not ask about them when they change again.
///
/// Others may have changed them since, or PostgreSQL may have fallen back: what is known here is a guess, and PostgreSQL
/// compares it with what it has (`NetChange.isGuess`). Of so many bookings at a time those are forgotten that were
/// persisted first.
struct KnownBookings {
    private var recent: [BookingID: KnownBooking] = [:]
    private var older: [BookingID: KnownBooking] = [:]
    private let limit: Int

    /// - Parameter limit: bookings; up to twice as many are kept.
    init(limit: Int = 10_000) { self.limit = limit }

    /// What is known of a booking.
    subscript(booking: BookingID) -> KnownBooking? { recent[booking] ?? older[booking] }

    /// It was persisted. One that is held no more rarely changes again.
    mutating func note(_ booking: BookingID, _ image: BookingImage) {
        guard image.status.isHeld else { return forget(booking) }
        if recent.count >= limit {
            older = recent
            recent = [:]
        }
        recent[booking] = KnownBooking(image)
    }

    /// It is asked about the next time.
    mutating func forget(_ booking: BookingID) {
        recent[booking] = nil
        older[booking] = nil
    }
}
