package import BoxOffice
package import PostgresClient

/// Events and tiers in PostgreSQL; one per loop.
package final class Catalogue {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    static let columns = """
        id, number, title, description, venue, venue_id, status, currency, hold_seconds, max_tickets_per_user,
        max_bookings_per_user, version, (extract(epoch FROM starts_at) * 1000)::bigint AS starts_ms,
        (extract(epoch FROM sales_open_at) * 1000)::bigint AS open_ms,
        (extract(epoch FROM nullif(sales_close_at, 'infinity')) * 1000)::bigint AS close_ms,
        coalesce(sales_close_at = 'infinity', false) AS never_closes,
        (extract(epoch FROM nullif(cancel_until, 'infinity')) * 1000)::bigint AS cancel_ms,
        coalesce(cancel_until = 'infinity', false) AS always_cancels, time_zone,
        (extract(epoch FROM created_at) * 1000)::bigint AS created_ms,
        (extract(epoch FROM updated_at) * 1000)::bigint AS updated_ms
        """

    /// Stores a new event as a draft.
    ///
    /// - Parameters:
    ///   - seats: its seats, if tiers are sold by seat.
    ///   - ifAbsent: whether to do nothing if an event with the same number exists.
    /// - Returns: whether the event was stored.
    @discardableResult
    package func create(
        _ event: EventRecord, partition: Partition, seats: SeatMap? = nil, ifAbsent: Bool = false
    ) async throws(PostgresError) -> Bool {
        let insert = PostgresStatement(
            """
            WITH event AS (
                INSERT INTO events (id, number, partition, title, description, venue, starts_at, sales_open_at,
                    sales_close_at, status, currency, hold_seconds, max_tickets_per_user, max_bookings_per_user,
                    venue_id, exclusive, cancel_until, time_zone)
                VALUES ($1::uuid, coalesce(nullif($2::integer, 0), nextval('events_number_seq')),
                    $3::integer, $4::text, $5::text, $6::text, to_timestamp($7::bigint / 1000.0),
                    to_timestamp($8::bigint / 1000.0), to_timestamp($9::numeric / 1000.0), 'draft', $10::text,
                    $11::integer, $12::integer, $13::integer, $19::uuid, coalesce($13::integer = 1, false),
                    to_timestamp($20::numeric / 1000.0), $21::text)
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
                .optionalInteger(event.salesOpenAt), Self.milliseconds(event.salesClose), .text(event.currency),
                .integer(event.holdSeconds), .optionalInteger(event.maxTicketsPerUser),
                .optionalInteger(event.maxBookingsPerUser),
                .textArray(event.tiers.map { $0.id.description }),
                .textArray(event.tiers.map(\.name)), .textArray(event.tiers.map(\.kind)),
                .integerArray(event.tiers.map(\.unitAmount)), .integerArray(event.tiers.map { Int64($0.capacity) }),
                .optionalText(event.venueID?.description), Self.milliseconds(event.cancelUntil),
                .text(event.timeZone.description),
            ])
        // The sequence must not return an explicitly chosen number again.
        let passNumber = PostgresStatement(
            """
            SELECT setval('events_number_seq', $1::integer) FROM events_number_seq WHERE last_value <= $1::integer
            """, [.integer(event.number)])
        let insertRows = seats.map { [SeatStore.insert($0, of: event.id)] } ?? []
        let rows = try await pool.pipeline([insert] + insertRows + (event.number == 0 ? [] : [passNumber]))
        return rows[0].count == 1
    }

    /// Publishes a draft; a published event stays published.
    ///
    /// - Returns: false if there is no such event, or it is cancelled.
    package func publish(_ event: EventID) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            """
            UPDATE events SET status = 'published', version = version + (status = 'draft')::integer, updated_at = now()
            WHERE id = $1::uuid AND status IN ('draft', 'published')
            """, [.text(event.description)])
        return rows.affectedRows == 1
    }

    /// Changes an event, in one transaction that locks its partition's row first, as every writer does.
    ///
    /// Capacities and prices of an event on sale are not written here: they arrive through the outbox.
    ///
    /// - Parameter change: returns the event's new state; an error rolls everything back.
    /// - Returns: false if there is no such event.
    package func update(
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

    /// Adds tiers to an event after its existing ones, in a separate transaction; an existing tier gets the new price.
    ///
    /// Tiers of an event on sale are added without units and stay invisible until `update`, which runs after they have
    /// been added to Redis, sets their capacity. So PostgreSQL has every tier that Redis can sell.
    ///
    /// - Parameter tiers: returns the tiers to add to the current event; an error rolls everything back.
    /// - Returns: false if there is no such event.
    package func addTiers(
        to id: EventID, _ tiers: nonisolated(nonsending) (EventRecord) async throws -> [TierRecord]
    ) async throws -> Bool {
        try await pool.transaction { connection in
            _ = try await connection.query(
                "SELECT FROM partitions WHERE id = (SELECT partition FROM events WHERE id = $1::uuid) FOR UPDATE",
                [.text(id.description)])
            guard
                let event = try await Self.events(
                    connection, "SELECT \(Self.columns) FROM events WHERE id = $1::uuid FOR UPDATE",
                    [.text(id.description)]
                ).first
            else { return false }
            let added = try await tiers(event)
            guard !added.isEmpty else { return true }
            _ = try await connection.query(
                """
                INSERT INTO tiers (id, event_id, position, name, kind, unit_amount, capacity)
                SELECT t.id, $1::uuid, (SELECT max(position) FROM tiers WHERE event_id = $1::uuid) + t.position,
                    t.name, t.kind, t.unit_amount, t.capacity
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::integer[])
                    WITH ORDINALITY AS t (id, name, kind, unit_amount, capacity, position)
                ON CONFLICT (id) DO UPDATE SET unit_amount = excluded.unit_amount
                """,
                [
                    .text(id.description), .textArray(added.map(\.id.description)), .textArray(added.map(\.name)),
                    .textArray(added.map(\.kind)), .integerArray(added.map(\.unitAmount)),
                    .integerArray(added.map { Int64($0.capacity) }),
                ])
            return true
        }
    }

    /// A cutoff as Unix milliseconds, `Infinity` for never, and NULL for the event's start.
    private static func milliseconds(_ cutoff: Cutoff) -> PostgresValue {
        switch cutoff {
        case .eventStart: .null
        case .never: .text("Infinity")
        case .at(let time): .text(String(time))
        }
    }

    private static func updates(_ old: EventRecord, _ new: EventRecord) -> [PostgresStatement] {
        // Tiers that have just been added to Redis, in that order.
        let unfinished = Set(old.tiers.filter { $0.capacity == 0 }.map(\.id))
        let added = Set(new.tiers.filter { $0.capacity > 0 && unfinished.contains($0.id) }.map(\.id))
        func isWritten(_ tier: TierRecord) -> Bool { old.status == "draft" || added.contains(tier.id) }
        return [
            PostgresStatement(
                """
                UPDATE events SET title = $2::text, description = $3::text, venue = $4::text,
                    starts_at = to_timestamp($5::bigint / 1000.0), sales_open_at = to_timestamp($6::bigint / 1000.0),
                    sales_close_at = to_timestamp($7::numeric / 1000.0), status = $8::text, currency = $9::text,
                    hold_seconds = $10::integer, max_tickets_per_user = $11::integer,
                    max_bookings_per_user = $12::integer,
                    exclusive = exclusive AND coalesce($12::integer = 1, false),
                    cancel_until = to_timestamp($13::numeric / 1000.0), time_zone = $14::text,
                    version = version + 1, updated_at = now()
                WHERE id = $1::uuid
                """,
                [
                    .text(new.id.description), .text(new.title), .optionalText(new.description),
                    .optionalText(new.venue), .integer(new.startsAt), .optionalInteger(new.salesOpenAt),
                    milliseconds(new.salesClose), .text(new.status), .text(new.currency),
                    .integer(new.holdSeconds), .optionalInteger(new.maxTicketsPerUser),
                    .optionalInteger(new.maxBookingsPerUser), milliseconds(new.cancelUntil),
                    .text(new.timeZone.description),
                ]),
            PostgresStatement(
                """
                UPDATE bookings SET exclusive = false WHERE event_id = $1::uuid AND exclusive
                AND NOT (SELECT exclusive FROM events WHERE id = $1::uuid)
                """, [.text(new.id.description)]),
            PostgresStatement(
                """
                UPDATE tiers SET name = t.name, capacity = coalesce(t.capacity, tiers.capacity),
                    unit_amount = coalesce(t.unit_amount, tiers.unit_amount),
                    position = CASE WHEN t.is_added
                        THEN (SELECT max(position) FROM tiers WHERE event_id = $6::uuid) + t.number
                        ELSE tiers.position END
                FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::boolean[])
                    WITH ORDINALITY AS t (id, name, capacity, unit_amount, is_added, number)
                WHERE tiers.id = t.id
                """,
                [
                    .textArray(new.tiers.map(\.id.description)), .textArray(new.tiers.map(\.name)),
                    .integerArray(new.tiers.map { isWritten($0) ? Int64($0.capacity) : nil }),
                    .integerArray(new.tiers.map { isWritten($0) ? $0.unitAmount : nil }),
                    .boolArray(new.tiers.map { added.contains($0.id) }), .text(new.id.description),
                ]),
        ]
    }

    /// One event by its id.
    package func event(_ id: EventID) async throws(PostgresError) -> EventRecord? {
        try await events(
            "SELECT \(Self.columns) FROM events WHERE id = $1::uuid", [.text(id.description)]
        ).first
    }

    /// One event by its number.
    package func event(number: Int64) async throws(PostgresError) -> EventRecord? {
        try await events("SELECT \(Self.columns) FROM events WHERE number = $1::bigint", [.integer(number)]).first
    }

    /// A partition's published and cancelled events that are not a month past or have live holds. An event is past when
    /// it has started, its sale has ended and it can no longer be cancelled.
    package func current(in partition: Partition) async throws(PostgresError) -> [EventRecord] {
        try await events(
            "SELECT \(Self.columns) FROM events WHERE partition = $1::integer AND \(Self.isCurrent)",
            [.integer(Int64(partition.number))])
    }

    private static let isCurrent = """
        status <> 'draft' AND (
            greatest(starts_at, sales_close_at, cancel_until) > now() - interval '30 days'
            OR EXISTS (SELECT FROM bookings WHERE event_id = events.id AND bookings.phase = 0))
        """

    /// Ids of the current events of several partitions.
    package func currentEvents(in partitions: [Partition]) async throws(PostgresError) -> [EventID] {
        try await pool.query(
            "SELECT id FROM events WHERE partition = ANY ($1::integer[]) AND \(Self.isCurrent) ORDER BY partition, id",
            [.integerArray(partitions.map { Int64($0.number) })]
        ).map { (row) throws(PostgresError) in EventID(try row.uuid(0)) }
    }

    private static let tiersOfEvents = """
        SELECT id, event_id, name, kind, unit_amount, capacity, held, sold, blocked FROM tiers
        WHERE event_id = ANY ($1::uuid[]) ORDER BY event_id, position
        """
    /// Complete tiers only: a tier without units is being added, or its addition was interrupted.
    private static let wholeTiersOfEvents = """
        SELECT id, event_id, name, kind, unit_amount, capacity, held, sold, blocked FROM tiers
        WHERE event_id = ANY ($1::uuid[]) AND capacity > 0 ORDER BY event_id, position
        """

    /// Partitions of events that are on sale now.
    package func partitionsOnSale() async throws(PostgresError) -> Set<Partition> {
        let rows = try await pool.query(
            """
            SELECT DISTINCT partition FROM events WHERE status = 'published'
            AND coalesce(sales_open_at <= now(), true) AND coalesce(sales_close_at, starts_at) > now()
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

    func events(_ sql: String, _ parameters: [PostgresValue]) async throws(PostgresError) -> [EventRecord] {
        let rows = try await pool.query(sql, parameters)
        guard rows.count > 0 else { return [] }
        let events = try rows.map { (row) throws(PostgresError) in try EventRecord(row) }
        let tiers = try await pool.query(Self.wholeTiersOfEvents, [.textArray(events.map { $0.id.description })])
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
    /// Reads the columns of `Catalogue.columns`; without tiers.
    init(_ row: PostgresRow) throws(PostgresError) {
        guard let id = EventID(try row.string("id")) else { throw PostgresError.undecodable("events.id") }
        self.init(
            id: id, number: try row.integer("number"), title: try row.string("title"),
            description: try row.optionalString("description"), venue: try row.optionalString("venue"),
            venueID: try row.optionalString("venue_id").flatMap { VenueID($0) },
            startsAt: try row.integer("starts_ms"), salesOpenAt: try row.optionalInteger("open_ms"),
            salesClose: try Cutoff(row, time: "close_ms", isNever: "never_closes"),
            cancelUntil: try Cutoff(row, time: "cancel_ms", isNever: "always_cancels"),
            timeZone: TimeZoneName(stored: try row.string("time_zone")), status: try row.string("status"),
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

extension Cutoff {
    fileprivate init(_ row: PostgresRow, time: PostgresColumn, isNever: PostgresColumn) throws(PostgresError) {
        self = try row.bool(isNever) ? .never : try row.optionalInteger(time).map { .at($0) } ?? .eventStart
    }
}
