import BoxOffice

/// Caches the events of bookings that this loop made or read recently, so that an operation on a booking joins its
/// event's group without a query. A booking's event never changes, so an entry cannot be stale.
struct BookingEventCache {
    /// Minimum number of cached bookings; the maximum is twice as many: some 2 MB per loop.
    private static let limit = 16_384

    private var recent: [BookingID: EventID] = [:]
    private var older: [BookingID: EventID] = [:]

    subscript(booking: BookingID) -> EventID? { recent[booking] ?? older[booking] }

    mutating func note(_ booking: BookingID, of event: EventID) {
        if recent.count >= Self.limit {
            swap(&recent, &older)
            recent.removeAll(keepingCapacity: true)
        }
        recent[booking] = event
    }
}
