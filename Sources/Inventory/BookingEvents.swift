import Booking

/// Of which events bookings are: of those that this loop made or read a while ago, so that an operation on one finds its
/// way into its event's group without a question. A booking is of one event for ever: nothing here can be out of date.
struct BookingEvents {
    /// Bookings that are remembered at least; at most twice as many are: some 2 MB a loop.
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
