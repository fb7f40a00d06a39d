/// An event as Redis is to know it.
public struct EventPolicy: Sendable {
    /// The event.
    public var event: EventID
    /// Whether it was cancelled; only published and cancelled events are in Redis.
    public var isCancelled: Bool
    /// When the sale opens and closes, Unix milliseconds.
    public var opensAt: Int64?
    /// When the sale closes, Unix milliseconds.
    public var closesAt: Int64?
    /// Until when owners may cancel confirmed bookings, Unix milliseconds; `nil` without an end.
    public var cancelUntil: Int64?
    /// How long a hold lasts.
    public var holdMilliseconds: Int64
    /// Tickets in live bookings that a user may have.
    public var maxTicketsPerUser: Int?
    /// Live bookings that a user may have.
    public var maxBookingsPerUser: Int?
    /// ISO 4217.
    public var currency: String
    /// The highest `updatedAt` written down for it, Unix milliseconds: its clock does not go back behind that.
    public var clock: Int64
    /// Its tiers.
    public var tiers: [TierCounters]
    /// Its seats as they are; `nil` without seated tiers.
    public var seats: SeatState?

    /// An event's policy.
    public init(
        event: EventID, isCancelled: Bool, opensAt: Int64?, closesAt: Int64?, cancelUntil: Int64? = nil,
        holdMilliseconds: Int64, maxTicketsPerUser: Int?, maxBookingsPerUser: Int?, currency: String, clock: Int64,
        tiers: [TierCounters],
        seats: SeatState? = nil
    ) {
        self.event = event
        self.isCancelled = isCancelled
        self.opensAt = opensAt
        self.closesAt = closesAt
        self.cancelUntil = cancelUntil
        self.holdMilliseconds = holdMilliseconds
        self.maxTicketsPerUser = maxTicketsPerUser
        self.maxBookingsPerUser = maxBookingsPerUser
        self.currency = currency
        self.clock = clock
        self.tiers = tiers
        self.seats = seats
    }
}
