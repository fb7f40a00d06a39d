import BoxOffice
package import PostgresClient
package import Text

/// Which events to list, and in which order.
package struct EventListing: Sendable, Hashable {
    /// The sort key.
    package enum Sort: String, Sendable, CaseIterable {
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

    /// A time range.
    package enum Period: String, Sendable, CaseIterable {
        /// Not cancelled, and starts later than now or is still on sale.
        case upcoming
        /// All other published events.
        case past
        /// All events, including cancelled ones.
        case all
    }

    /// An event's status.
    package enum Status: String, Sendable, CaseIterable {
        /// Visible to administrators only.
        case draft
        case published
        case cancelled
    }

    /// Page number, from 1.
    package var page: Int
    /// Events per page, at most 50.
    package var limit: Int
    /// Part of the title in NFC, ignoring case; empty for all.
    @Exact package var search: String
    package var sort: Sort
    package var isDescending: Bool
    package var period: Period
    /// Only events of this status, within `period`; `nil` for publicly visible ones.
    package var status: Status?

    /// A listing; by default of upcoming events, the soonest first.
    package init(
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

    /// The condition for `period` and `status`. `greatest` ignores NULL, and an event whose sale never ends is
    /// upcoming.
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
    /// A page of events, and the total number.
    package func list(
        _ listing: EventListing
    ) async throws(PostgresError) -> (events: [EventRecord], total: Int64) {
        // Escapes the wildcards `%` and `_`.
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
