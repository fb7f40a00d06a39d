public import Booking
public import PostgresClient

/// Events and tiers in PostgreSQL; one per loop.
public final class Catalogue {
    private let pool: PostgresPool

    /// A catalogue on a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    /// How `GET /v1/events` is sorted.
    public enum Sort: String, Sendable {
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
            case .title: "lower(title)"
            }
        }
    }

    private static let columns = """
        id, number, title, description, venue, venue_id, status, currency, hold_seconds, max_tickets_per_user,
        max_bookings_per_user, version, (extract(epoch FROM starts_at) * 1000)::bigint AS starts_ms,
        (extract(epoch FROM sales_open_at) * 1000)::bigint AS open_ms,
        (extract(epoch FROM sales_close_at) * 1000)::bigint AS close_ms,
        (extract(epoch FROM created_at) * 1000)::bigint AS created_ms,
        (extract(epoch FROM updated_at) * 1000)::bigint AS updated_ms
        """

    /// Writes a new event down as a draft.
    ///
    /// - Parameters:
    ///   - seats: its seats, when tiers are sold by seat.
    ///   - ifAbsent: whether an event of the same number leaves everything as it is.
    /// - Returns: whether it was written.
    @discardableResult
    public func create(
        _ event: EventRecord, partition: Partition, seats: SeatMap? = nil, ifAbsent: Bool = false
    ) async throws(PostgresError) -> Bool {
        let insert = PostgresStatement(
            """
            WITH event AS (
                INSERT INTO events (id, number, partition, title, description, venue, starts_at, sales_open_at,
                    sales_close_at, status, currency, hold_seconds, max_tickets_per_user, max_bookings_per_user,
                    venue_id, exclusive)
                VALUES ($1::uuid, coalesce(nullif($2::integer, 0), nextval('events_number_seq')),
                    $3::integer, $4::text, $5::text, $6::text, to_timestamp($7::bigint / 1000.0),
                    to_timestamp($8::bigint / 1000.0), to_timestamp($9::bigint / 1000.0), 'draft', $10::text,
                    $11::integer, $12::integer, $13::integer, $19::uuid, coalesce($13::integer = 1, false))
                ON CONFLICT \(ifAbsent ? "" : "(id)") DO NOTHING RETURNING id
            ), tier AS (
                INSERT INTO tiers (id, event_id, position, name, kind, unit_amount, capacity)
                SELECT t.id, event.id, t.position, t.name, t.kind, t.unit_amount, t.capacity
                FROM event, unnest($14::uuid[], $15::text[], $16::text[], $17::bigint[], $18::integer[])
                    WITH ORDINALITY AS t (id, name, kind, unit_amount, capacity, position)
            )
            SELECT id FROM event
            """,
            [
                .text(event.id.description), .integer(event.number), .integer(Int64(partition.number)),
                .text(event.title), .optionalText(event.description), .optionalText(event.venue),
                .integer(event.startsAt),
                .optionalInteger(event.salesOpenAt), .optionalInteger(event.salesCloseAt), .text(event.currency),
                .integer(event.holdSeconds), .optionalInteger(event.maxTicketsPerUser),
                .optionalInteger(event.maxBookingsPerUser),
                .textArray(event.tiers.map { $0.id.description }),
                .textArray(event.tiers.map(\.name)), .textArray(event.tiers.map(\.kind)),
                .integerArray(event.tiers.map(\.unitAmount)), .integerArray(event.tiers.map { Int64($0.capacity) }),
                .optionalText(event.venueID?.description),
            ])
        // A number that was chosen is not to be given again.
        let passNumber = PostgresStatement(
            """
            SELECT setval('events_number_seq', $1::integer) FROM events_number_seq WHERE last_value <= $1::integer
            """, [.integer(event.number)])
        let insertRows = seats.map { [SeatStore.insert($0, of: event.id)] } ?? []
        let rows = try await pool.pipeline([insert] + insertRows + (event.number == 0 ? [] : [passNumber]))
        return rows[0].count == 1
    }

    /// Publishes a draft; a published event stays so.
    ///
    /// - Returns: false when there is no such event, or it was cancelled.
    public func publish(_ event: EventID) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            """
            UPDATE events SET status = 'published', version = version + (status = 'draft')::integer, updated_at = now()
            WHERE id = $1::uuid AND status IN ('draft', 'published')
            """, [.text(event.description)])
        return rows.affectedRows == 1
    }

    /// Changes an event, as one transaction that begins with its partition's row, as every writer's does.
    ///
    /// Capacities and prices of an event that is on sale are not written here: they come by the outbox.
    ///
    /// - Parameter change: says what the event is to be; what it throws rolls everything back.
    /// - Returns: false when there is no such event.
    public func update(
        _ id: EventID, _ change: nonisolated(nonsending) (EventRecord) async throws -> EventRecord
    ) async throws -> Bool {
        try await pool.transaction { connection in
            _ = try await connection.query(
                """
                SELECT FROM partitions WHERE id = (SELECT partition FROM events WHERE id = $1::uuid) FOR UPDATE
                """, [.text(id.description)])
            guard
                let old = try await Self.events(
                    connection, "SELECT \(Self.columns) FROM events WHERE id = $1::uuid FOR UPDATE",
                    [.text(id.description)]
                ).first
            else { return false }
            let new = try await change(old)
            if new != old { _ = try await connection.pipeline(Self.updates(old, new)) }
            return true
        }
    }

    private static func updates(_ old: EventRecord, _ new: EventRecord) -> [PostgresStatement] {
        let isDraft = old.status == "draft"
        return [
            PostgresStatement(
                """
                UPDATE events SET title = $2::text, description = $3::text, venue = $4::text,
                    starts_at = to_timestamp($5::bigint / 1000.0), sales_open_at = to_timestamp($6::bigint / 1000.0),
                    sales_close_at = to_timestamp($7::bigint / 1000.0), status = $8::text, currency = $9::text,
                    hold_seconds = $10::integer, max_tickets_per_user = $11::integer,
                    max_bookings_per_user = $12::integer,
                    exclusive = exclusive AND coalesce($12::integer = 1, false), version = version + 1,
                    updated_at = now()
                WHERE id = $1::uuid
                """,
                [
                    .text(new.id.description), .text(new.title), .optionalText(new.description),
                    .optionalText(new.venue), .integer(new.startsAt), .optionalInteger(new.salesOpenAt),
                    .optionalInteger(new.salesCloseAt), .text(new.status), .text(new.currency),
                    .integer(new.holdSeconds), .optionalInteger(new.maxTicketsPerUser),
                    .optionalInteger(new.maxBookingsPerUser),
                ]),
            PostgresStatement(
                """
                UPDATE bookings SET exclusive = false WHERE event_id = $1::uuid AND exclusive
                AND NOT (SELECT exclusive FROM events WHERE id = $1::uuid)
                """, [.text(new.id.description)]),
            PostgresStatement(
                """
                UPDATE tiers SET name = t.name, capacity = coalesce(t.capacity, tiers.capacity),
                    unit_amount = coalesce(t.unit_amount, tiers.unit_amount)
                FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[]) AS t (id, name, capacity, unit_amount)
                WHERE tiers.id = t.id
                """,
                [
                    .textArray(new.tiers.map(\.id.description)), .textArray(new.tiers.map(\.name)),
                    .integerArray(new.tiers.map { isDraft ? Int64($0.capacity) : nil }),
                    .integerArray(new.tiers.map { isDraft ? $0.unitAmount : nil }),
                ]),
        ]
    }

    /// One event by its id.
    public func event(_ id: EventID) async throws(PostgresError) -> EventRecord? {
        try await events(
            "SELECT \(Self.columns) FROM events WHERE id = $1::uuid", [.text(id.description)]
        ).first
    }

    /// One event by its number.
    public func event(number: Int64) async throws(PostgresError) -> EventRecord? {
        try await events("SELECT \(Self.columns) FROM events WHERE number = $1::bigint", [.integer(number)]).first
    }

    /// A page of the events that are not drafts, and how many there are in all.
    ///
    /// - Parameters:
    ///   - page: from 1.
    ///   - limit: events a page, at most 50.
    ///   - search: part of the title, case ignored; empty for all.
    public func list(
        page: Int, limit: Int, search: String, sort: Sort, descending: Bool
    ) async throws(PostgresError) -> (events: [EventRecord], total: Int64) {
        // `%` and `_` stand for themselves.
        let pattern = "%" + search.flatMap { "%_\\".contains($0) ? "\\\($0)" : String($0) } + "%"
        let condition = "status <> 'draft' AND title ILIKE $1::text"
        let total = try await pool.query(
            "SELECT count(*) AS total FROM events WHERE \(condition)", [.text(pattern)]
        ).first?.integer("total")
        let found = try await events(
            """
            SELECT \(Self.columns) FROM events WHERE \(condition)
            ORDER BY \(sort.column) \(descending ? "DESC" : "ASC"), number LIMIT $2::bigint OFFSET $3::bigint
            """, [.text(pattern), .integer(Int64(limit)), .integer(Int64((page - 1) * limit))])
        return (found, total ?? 0)
    }

    /// The published and cancelled events of a partition whose date is not a month past, or of which something is held.
    public func current(in partition: Partition) async throws(PostgresError) -> [EventRecord] {
        try await events(
            """
            SELECT \(Self.columns) FROM events
            WHERE partition = $1::integer AND status <> 'draft' AND (starts_at > now() - interval '30 days'
                OR EXISTS (SELECT FROM bookings
                    WHERE event_id = events.id AND bookings.status IN ('RESERVED', 'PENDING_PAYMENT')))
            """, [.integer(Int64(partition.number))])
    }

    private static let tiersOfEvents = """
        SELECT id, event_id, name, kind, unit_amount, capacity, held, sold, blocked FROM tiers
        WHERE event_id = ANY ($1::uuid[]) ORDER BY event_id, position
        """

    /// Partitions of events that are on sale now.
    public func partitionsOnSale() async throws(PostgresError) -> Set<Partition> {
        let rows = try await pool.query(
            """
            SELECT DISTINCT partition FROM events WHERE status = 'published' AND starts_at > now()
            AND coalesce(sales_open_at <= now(), true) AND coalesce(sales_close_at > now(), true)
            """)
        var partitions: Set<Partition> = []
        for row in rows { partitions.insert(Partition(UInt16(try row.integer("partition")))) }
        return partitions
    }

    private static func events(
        _ connection: PostgresConnection, _ sql: String, _ parameters: [PostgresValue]
    ) async throws(PostgresError) -> [EventRecord] {
        let rows = try await connection.query(sql, parameters)
        let events = try rows.map { (row) throws(PostgresError) in try EventRecord(row) }
        let tiers = try await connection.query(tiersOfEvents, [.textArray(events.map { $0.id.description })])
        return try joined(events, tiers)
    }

    private func events(_ sql: String, _ parameters: [PostgresValue]) async throws(PostgresError) -> [EventRecord] {
        let rows = try await pool.query(sql, parameters)
        guard rows.count > 0 else { return [] }
        let events = try rows.map { (row) throws(PostgresError) in try EventRecord(row) }
        let tiers = try await pool.query(Self.tiersOfEvents, [.textArray(events.map { $0.id.description })])
        return try Self.joined(events, tiers)
    }

    private static func joined(
        _ events: [EventRecord], _ tiers: PostgresRows
    ) throws(PostgresError) -> [EventRecord] {
        var events = events
        var byEvent: [EventID: [TierRecord]] = [:]
        for index in 0..<tiers.count {
            guard let event = EventID(try tiers[index].string("event_id")) else { continue }
            byEvent[event, default: []].append(try TierRecord(tiers[index]))
        }
        for index in events.indices { events[index].tiers = byEvent[events[index].id] ?? [] }
        return events
    }
}

extension EventRecord {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        guard let id = EventID(try row.string("id")) else { throw PostgresError.undecodable("events.id") }
        self.init(
            id: id, number: try row.integer("number"), title: try row.string("title"),
            description: try row.optionalString("description"), venue: try row.optionalString("venue"),
            venueID: try row.optionalString("venue_id").flatMap { VenueID($0) },
            startsAt: try row.integer("starts_ms"), salesOpenAt: try row.optionalInteger("open_ms"),
            salesCloseAt: try row.optionalInteger("close_ms"), status: try row.string("status"),
            currency: try row.string("currency"), holdSeconds: try row.integer("hold_seconds"),
            maxTicketsPerUser: try row.optionalInteger("max_tickets_per_user"),
            maxBookingsPerUser: try row.optionalInteger("max_bookings_per_user"),
            version: try row.integer("version"), createdAt: try row.integer("created_ms"),
            updatedAt: try row.integer("updated_ms"), tiers: [])
    }
}

extension TierRecord {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        guard let id = TierID(try row.string("id")) else { throw PostgresError.undecodable("tiers.id") }
        self.init(
            id: id, name: try row.string("name"), kind: try row.string("kind"),
            unitAmount: try row.integer("unit_amount"), capacity: Int(try row.integer("capacity")),
            held: Int(try row.integer("held")), sold: Int(try row.integer("sold")),
            blocked: Int(try row.integer("blocked")))
    }
}
