/// A user's live bookings of an event, for its limits.
package struct UserTotals: Hashable, Sendable {
    package let user: UserID
    /// Tickets in live bookings.
    package let tickets: Int
    /// Live bookings.
    package let bookings: Int
    /// Those of the bookings that have seats.
    package let seated: [BookingID]

    package init(user: UserID, tickets: Int, bookings: Int, seated: [BookingID]) {
        self.user = user
        self.tickets = tickets
        self.bookings = bookings
        self.seated = seated
    }

}
