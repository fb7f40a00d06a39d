package import BoxOffice
package import Text

/// One tier in PostgreSQL.
package struct TierRecord: Sendable, Hashable {
    package var id: TierID
    /// Display name.
    @Exact package var name: String
    /// `general` or `seated`.
    package var kind: String
    /// Price of one unit, in minor units.
    package var unitAmount: Int64
    package var capacity: Int
    /// Units in live holds, as far as persisted.
    package var held: Int
    package var sold: Int
    /// Units off sale.
    package var blocked: Int

    package init(
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

/// One event in PostgreSQL. Times are Unix milliseconds.
package struct EventRecord: Sendable, Hashable {
    package var id: EventID
    /// A small numeric alias of the id; with 0 the database chooses it.
    package var number: Int64
    @Exact package var title: String
    @Exact package var description: String?
    /// The venue's display name.
    @Exact package var venue: String?
    /// The venue, if it has seats.
    package var venueID: VenueID?
    package var startsAt: Int64
    package var salesOpenAt: Int64?
    package var salesClose: Cutoff
    /// Until when owners may cancel confirmed bookings.
    package var cancelUntil: Cutoff
    /// The time zone of the venue.
    package var timeZone: TimeZoneName
    /// `draft`, `published` or `cancelled`.
    package var status: String
    /// ISO 4217.
    package var currency: String
    /// Duration of a hold.
    package var holdSeconds: Int64
    /// Maximum tickets per user.
    package var maxTicketsPerUser: Int64?
    /// Maximum bookings per user.
    package var maxBookingsPerUser: Int64?
    /// Incremented with every change.
    package var version: Int64
    package var createdAt: Int64
    package var updatedAt: Int64
    /// In display order.
    package var tiers: [TierRecord]

    package init(
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
