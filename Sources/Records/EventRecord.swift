public import Booking
public import Text

/// One tier as PostgreSQL has it.
public struct TierRecord: Sendable, Hashable {
    /// Its id.
    public var id: TierID
    /// For people.
    @Exact public var name: String
    /// `general` or `seated`.
    public var kind: String
    /// Minor units, for one.
    public var unitAmount: Int64
    /// Units in all.
    public var capacity: Int
    /// Units in live holds, as far as it is written down.
    public var held: Int
    /// Units sold.
    public var sold: Int
    /// Units off sale.
    public var blocked: Int

    /// A tier.
    public init(
        id: TierID, name: String, kind: String, unitAmount: Int64, capacity: Int, held: Int = 0, sold: Int = 0,
        blocked: Int = 0
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.unitAmount = unitAmount
        self.capacity = capacity
        self.held = held
        self.sold = sold
        self.blocked = blocked
    }
}

/// One event as PostgreSQL has it. Times are Unix milliseconds.
public struct EventRecord: Sendable, Hashable {
    /// Its id.
    public var id: EventID
    /// A small alias of the id; 0 lets the database choose.
    public var number: Int64
    /// For people.
    @Exact public var title: String
    /// For people.
    @Exact public var description: String?
    /// For people.
    @Exact public var venue: String?
    /// The hall, when it has seats.
    public var venueID: VenueID?
    /// When it begins.
    public var startsAt: Int64
    /// When its sale opens.
    public var salesOpenAt: Int64?
    /// When its sale closes.
    public var salesClose: Cutoff
    /// Until when owners may cancel confirmed bookings.
    public var cancelUntil: Cutoff
    /// The time zone in which it takes place.
    public var timeZone: TimeZoneName
    /// `draft`, `published` or `cancelled`.
    public var status: String
    /// ISO 4217.
    public var currency: String
    /// How long a hold lasts.
    public var holdSeconds: Int64
    /// Tickets a user may have.
    public var maxTicketsPerUser: Int64?
    /// Bookings a user may have.
    public var maxBookingsPerUser: Int64?
    /// Rises with every change.
    public var version: Int64
    /// When it was made.
    public var createdAt: Int64
    /// When it last changed.
    public var updatedAt: Int64
    /// In their order.
    public var tiers: [TierRecord]

    /// An event.
    public init(
        id: EventID, number: Int64, title: String, description: String?, venue: String?, venueID: VenueID? = nil,
        startsAt: Int64,
        salesOpenAt: Int64?, salesClose: Cutoff = .eventStart, cancelUntil: Cutoff = .eventStart,
        timeZone: TimeZoneName = .utc, status: String, currency: String, holdSeconds: Int64,
        maxTicketsPerUser: Int64?, maxBookingsPerUser: Int64?, version: Int64, createdAt: Int64, updatedAt: Int64,
        tiers: [TierRecord]
    ) {
        self.id = id
        self.number = number
        self.title = title
        self.description = description
        self.venue = venue
        self.venueID = venueID
        self.startsAt = startsAt
        self.salesOpenAt = salesOpenAt
        self.salesClose = salesClose
        self.cancelUntil = cancelUntil
        self.timeZone = timeZone
        self.status = status
        self.currency = currency
        self.holdSeconds = holdSeconds
        self.maxTicketsPerUser = maxTicketsPerUser
        self.maxBookingsPerUser = maxBookingsPerUser
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.tiers = tiers
    }
}
