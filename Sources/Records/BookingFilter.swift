public import Booking

/// Which bookings a list asks for.
public struct BookingFilter: Sendable {
    /// Whose; `nil` for everybody's.
    public var user: UserID?
    /// Of which status at `now`.
    public var status: BookingStatus?
    /// Of which event.
    public var event: EventID?
    /// Those that come after this one in the list: the last one of the page before.
    public var before: BookingID?
    /// Redis's clock, Unix milliseconds: holds past their time are expired.
    public var now: Int64

    /// A filter.
    public init(
        user: UserID? = nil, status: BookingStatus? = nil, event: EventID? = nil, before: BookingID? = nil,
        now: Int64 = 0
    ) {
        self.user = user
        self.status = status
        self.event = event
        self.before = before
        self.now = now
    }

    /// Whether a booking is among them.
    ///
    /// - Parameter image: as it is at `now`.
    public func admits(_ id: BookingID, _ image: BookingImage) -> Bool {
        (user.map { $0 == image.user } ?? true) && (status.map { $0 == image.status } ?? true)
            && (event.map { $0 == image.event } ?? true) && (before.map { id.uuid < $0.uuid } ?? true)
    }
}
