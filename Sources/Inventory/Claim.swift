public import Booking

/// One thing that a claim asks for.
public enum ClaimItem: Sendable, Hashable {
    /// Units of a tier of general admission, 1 to 1,000.
    case units(TierID, Int)
    /// Adjacent seats of a tier, chosen by Usher, 1 to 127.
    case best(TierID, Int)
    /// These seats, each once, of whatever tiers.
    case seats([SeatPosition])

    /// The tier, where the caller names it.
    public var tier: TierID? {
        switch self {
        case .units(let tier, _), .best(let tier, _): tier
        case .seats: nil
        }
    }

    /// How much work it is for the script, about.
    var weight: Int {
        switch self {
        case .units: 1
        case .best: 8
        case .seats(let seats): seats.count
        }
    }
}

/// One request for units of one event: all of it or nothing.
public struct ClaimRequest: Sendable {
    /// The id the booking is to have; asking again with it is the same claim.
    public var booking: BookingID
    /// The event.
    public var event: EventID
    /// The owner.
    public var user: UserID
    /// What is asked for; one tier may be named twice. At most 512 seats.
    public var items: [ClaimItem]
    /// The idempotency key, when the request has one; the booking's id carries it.
    public var idempotency: IdempotentRequest?
    /// Whether the answer comes later (one shot with payment): the idempotency record starts as running.
    public var answersLater: Bool
    /// W3C trace context, or empty.
    public var traceparent: String

    /// A claim.
    public init(
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

/// An idempotency key as Redis sees it.
public struct IdempotentRequest: Sendable, Hashable {
    /// Digest of the key and its scope (`Digest128.asKey`).
    public let digest: Digest128
    /// Fingerprint of the request.
    public let fingerprint: Digest128
    /// How long the request may run until another may finish it from the booking's state.
    public let patienceMilliseconds: Int64

    /// A key and the request it came with.
    public init(digest: Digest128, fingerprint: Digest128, patienceMilliseconds: Int64) {
        self.digest = digest.asKey
        self.fingerprint = fingerprint
        self.patienceMilliseconds = patienceMilliseconds
    }
}

/// By how much a tier has too little for a claim.
public struct Shortage: Sendable, Hashable {
    /// Units that were asked for.
    public let wanted: Int
    /// Units that are free now.
    public let available: Int
    /// Units that are neither sold nor blocked: what could be had at most, did every hold expire.
    public let left: Int

    /// A shortage.
    public init(wanted: Int, available: Int, left: Int) {
        self.wanted = wanted
        self.available = available
        self.left = left
    }
}

/// What became of a claim. What belongs to an outcome lies apart: most of them carry nothing, and are handed on often.
public indirect enum ClaimOutcome: Sendable {
    /// The units are held.
    case held(BookingImage, availability: [TierAvailability])
    /// The key was used by the same request before.
    case replay(IdempotencyRecord)
    /// The booking exists: an earlier ask of this very claim got through.
    case existing(BookingImage)
    /// The key made this booking, which is not in Redis (any more): PostgreSQL has what it was answered.
    case gone(BookingID)
    /// The key was used by another request.
    case keyReused
    /// The user has as many live keys of this event as may be.
    case keyLimit
    /// Everything of a tier is sold or blocked.
    case soldOut
    /// A tier has units that are not sold or blocked, but fewer than are wanted, so that no release can satisfy it.
    case notEnoughLeft(Shortage)
    /// Not enough is free now; `retryAt` (Unix milliseconds) is when the next hold may lapse.
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
    /// These tiers are not of the event.
    case unknownTiers([TierID])
    /// These seats are not of the event.
    case unknownSeats([SeatPosition])
    /// These tiers are sold the other way: by seat, or by number.
    case mistaken([TierID])
    /// These of the named seats are not free.
    case seatsTaken([SeatPosition])
    /// No row has so many adjacent free seats.
    case noAdjacent
    /// Redis does not know the event.
    case noEvent
}
