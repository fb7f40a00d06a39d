/// An event's data to load into Redis.
package struct EventPolicy: Sendable {
    package var event: EventID
    /// Whether it was cancelled; only published and cancelled events are in Redis.
    package var isCancelled: Bool
    /// When the sale opens, Unix milliseconds.
    package var opensAt: Int64?
    /// When the sale closes, Unix milliseconds.
    package var closesAt: Int64?
    /// Until when owners may cancel confirmed bookings, Unix milliseconds; `nil` for no end.
    package var cancelUntil: Int64?
    /// How long a hold lasts.
    package var holdMilliseconds: Int64
    /// Maximum number of tickets in a user's live bookings.
    package var maxTicketsPerUser: Int?
    /// Maximum number of live bookings per user.
    package var maxBookingsPerUser: Int?
    /// ISO 4217.
    package var currency: String
    /// The highest persisted `updatedAt` of its bookings, Unix milliseconds: the event's clock never falls behind it.
    package var clock: Int64
    package var tiers: [TierCounters]
    /// The present state of its seats; `nil` without seated tiers.
    package var seats: SeatState?

    package init(
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
