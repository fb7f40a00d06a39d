/// What a user has of an event, for its limits.
public struct UserTotals: Hashable, Sendable {
    /// The user.
    public let user: UserID
    /// Tickets in live bookings.
    public let tickets: Int
    /// Live bookings.
    public let bookings: Int
    /// Those of them that have seats.
    public let seated: [BookingID]

    /// A user's totals.
    public init(user: UserID, tickets: Int, bookings: Int, seated: [BookingID]) {
        self.user = user
        self.tickets = tickets
        self.bookings = bookings
        self.seated = seated
    }

}
