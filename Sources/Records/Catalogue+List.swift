import Booking
public import PostgresClient
public import Text

/// Which events are listed, and how.
public struct EventListing: Sendable, Hashable {
    /// What events are sorted by.
    public enum Sort: String, Sendable, CaseIterable {
        /// By `startsAt`.
        case date
        /// By the cheapest tier.
        case price
        /// By title.
        case title

        fileprivate var column: String {
            switch self {
            case .date: "starts_at"
            case .price: "(SELECT min(unit_amount) FROM tiers WHERE event_id = events.id)"
            case .title: "lower(normalize(title))"
            }
        }
    }

    /// Which part of time.
    public enum Period: String, Sendable, CaseIterable {
        /// Not cancelled, and begins later than now or is still on sale.
        case upcoming
        /// The other published ones.
        case past
        /// Every time, cancelled ones too.
        case all
    }

    /// An event's status.
    public enum Status: String, Sendable, CaseIterable {
        /// Only administrators see it.
        case draft
        /// On sale, or it was.
        case published
        /// It does not take place.
        case cancelled
    }

    /// From 1.
    public var page: Int
    /// Events a page, at most 50.
    public var limit: Int
    /// Part of the title in NFC, case ignored; empty for all.
    @Exact public var search: String
    /// What they are sorted by.
    public var sort: Sort
    /// Whether the last come first.
    public var isDescending: Bool
    /// Which part of time.
    public var period: Period
    /// Events of this status only, with the time that `period` says; `nil` for those that everybody may see.
    public var status: Status?

    /// A listing; by default a page of what is to come, the soonest first.
    public init(
        page: Int = 1, limit: Int, search: String = "", sort: Sort = .date, isDescending: Bool = false,
        period: Period = .upcoming, status: Status? = nil
    ) {
        self.page = page
        self.limit = limit
        self.search = search
        self.sort = sort
        self.isDescending = isDescending
        self.period = period
        self.status = status
    }

    /// The condition of `period` and `status`; `greatest` ignores NULL, and an event whose sale never ends is upcoming.
    fileprivate var condition: String {
        let time =
            switch period {
            case .upcoming: " AND greatest(starts_at, sales_close_at) > now()"
            case .past: " AND greatest(starts_at, sales_close_at) <= now()"
            case .all: ""
            }
        if let status { return "status = '\(status.rawValue)'\(time)" }
        return period == .all ? "status <> 'draft'" : "status = 'published'\(time)"
    }
}

extension Catalogue {
    /// A page of events, and how many there are in all.
    public func list(
        _ listing: EventListing
    ) async throws(PostgresError) -> (events: [EventRecord], total: Int64) {
        // `%` and `_` stand for themselves.
        let escaped = listing.search.unicodeScalars.map {
            "%_\\".unicodeScalars.contains($0) ? "\\\($0)" : String($0)
        }
        let pattern = "%\(escaped.joined())%"
        let condition = "\(listing.condition) AND normalize(title) ILIKE $1::text"
        let total = try await pool.query(
            "SELECT count(*) AS total FROM events WHERE \(condition)", [.text(pattern)]
        ).first?.integer("total")
        let found = try await events(
            """
            SELECT \(Self.columns) FROM events WHERE \(condition)
            ORDER BY \(listing.sort.column) \(listing.isDescending ? "DESC" : "ASC"), number
            LIMIT $2::bigint OFFSET $3::bigint
            """,
            [.text(pattern), .integer(Int64(listing.limit)), .integer(Int64((listing.page - 1) * listing.limit))])
        return (found, total ?? 0)
    }
}
