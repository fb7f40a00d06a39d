package import BoxOffice

/// Which bookings to list.
package struct BookingFilter: Sendable {
    /// Of this user; `nil` for all.
    package var user: UserID?
    /// With this status at `now`.
    package var status: BookingStatus?
    package var event: EventID?
    /// After this one in the list: the last booking of the previous page.
    package var before: BookingID?
    /// Redis's time, Unix milliseconds: holds past their end count as expired.
    package var now: Int64

    package init(
        user: UserID? = nil, status: BookingStatus? = nil, event: EventID? = nil, before: BookingID? = nil,
        now: Int64 = 0
    ) {
        self.user = user
        self.status = status
        self.event = event
        self.before = before
        self.now = now
    }

    /// Whether a booking matches.
    ///
    /// - Parameter image: the booking at `now`.
    package func admits(_ id: BookingID, _ image: Booking) -> Bool {
        (user.map { $0 == image.user } ?? true) && (status.map { $0 == image.status } ?? true)
            && (event.map { $0 == image.event } ?? true) && (before.map { id.uuid < $0.uuid } ?? true)
    }
}
