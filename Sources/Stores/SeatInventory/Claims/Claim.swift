package import BoxOffice

/// One item of a claim.
package enum ClaimItem: Sendable, Hashable {
    /// Units of a tier of general admission, 1 to 1,000.
    case units(TierID, Int)
    /// Adjacent seats of a tier, chosen by Usher, 1 to 127.
    case best(TierID, Int)
    /// These seats, each once, of any tiers.
    case seats([SeatPosition])

    /// The tier, if the caller names it.
    package var tier: TierID? {
        switch self {
        case .units(let tier, _), .best(let tier, _): tier
        case .seats: nil
        }
    }

    /// Approximate work for the function.
    var weight: Int {
        switch self {
        case .units: 1
        case .best: 8
        case .seats(let seats): seats.count
        }
    }
}

/// A request for units of one event: all or nothing.
package struct ClaimRequest: Sendable {
    /// The id of the booking to make; a retry with the same id is the same claim.
    package var booking: BookingID
    package var event: EventID
    package var user: UserID
    /// The items; a tier may occur twice. At most 512 seats.
    package var items: [ClaimItem]
    /// The idempotency key, if the request has one.
    package var idempotency: IdempotentRequest?
    /// Whether the answer comes later (one shot with payment): the idempotency record starts as running.
    package var answersLater: Bool
    /// W3C trace context, or empty.
    package var traceparent: String

    package init(
        booking: BookingID, event: EventID, user: UserID, items: [ClaimItem], idempotency: IdempotentRequest?,
        answersLater: Bool, traceparent: String
    ) {
        self.booking = booking
        self.event = event
        self.user = user
        self.items = items
        self.idempotency = idempotency
        self.answersLater = answersLater
        self.traceparent = traceparent
    }
}

/// An idempotency key in the form that Redis receives.
package struct IdempotentRequest: Sendable, Hashable {
    /// Digest of the key and its scope (`Digest128.asKey`).
    package let digest: Digest128
    package let fingerprint: Digest128
    /// How long the request may run before another may complete it from the booking's state.
    package let patienceMilliseconds: Int64

    package init(digest: Digest128, fingerprint: Digest128, patienceMilliseconds: Int64) {
        self.digest = digest.asKey
        self.fingerprint = fingerprint
        self.patienceMilliseconds = patienceMilliseconds
    }
}

/// How far a tier falls short of a claim.
package struct Shortage: Sendable, Hashable {
    /// Units that were requested.
    package let wanted: Int
    /// Units that are free now.
    package let available: Int
    /// Units that are neither sold nor blocked: the maximum if every hold expired.
    package let left: Int

    package init(wanted: Int, available: Int, left: Int) {
        self.wanted = wanted
        self.available = available
        self.left = left
    }
}

/// The result of a claim. Indirect, so that payloads are heap-allocated: most outcomes have none and are passed on
/// often.
package indirect enum ClaimOutcome: Sendable {
    /// The units are held.
    case held(Booking, availability: [TierAvailability])
    /// The same request used the key before.
    case replay(IdempotencyRecord)
    /// The booking exists: an earlier attempt of this claim succeeded.
    case existing(Booking)
    /// The key made this booking, which is not in Redis (any more): PostgreSQL has the answer.
    case gone(BookingID)
    /// Another request used the key.
    case keyReused
    /// The user has reached the limit of live keys for this event.
    case keyLimit
    /// Everything of a tier is sold or blocked.
    case soldOut
    /// A tier has units that are not sold or blocked, but fewer than requested, so that no release can satisfy the
    /// claim.
    case notEnoughLeft(Shortage)
    /// Not enough is free now; `retryAt` (Unix milliseconds) is when the next hold may expire.
    case heldByOthers(retryAt: Int64)
    /// The sale opens at that time, Unix milliseconds.
    case notOpen(opensAt: Int64)
    /// The sale is over.
    case closed
    /// The event was cancelled.
    case eventCancelled
    /// The user would have more tickets than the event allows.
    case ticketLimit(Int)
    /// The user would have more bookings than the event allows.
    case bookingLimit(Int)
    /// The event does not have these tiers.
    case unknownTiers([TierID])
    /// The event does not have these seats.
    case unknownSeats([SeatPosition])
    /// These tiers are sold the other way: by seat, or by number.
    case mistaken([TierID])
    /// These of the named seats are not free.
    case seatsTaken([SeatPosition])
    /// No row has that many adjacent free seats.
    case noAdjacent
    /// The event is not in Redis.
    case noEvent
}
