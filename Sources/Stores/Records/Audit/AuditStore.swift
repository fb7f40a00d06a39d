package import BoxOffice
package import PostgresClient

/// The part of a live booking that an audit counts.
package struct LiveBooking: Sendable, Hashable {
    package let status: BookingStatus
    package let version: Int64
    package let user: UserID
    package let items: [BookingItem]
    /// The total price in minor units.
    package let totalAmount: Int64

    package init(
        status: BookingStatus, version: Int64, user: UserID, items: [BookingItem], totalAmount: Int64
    ) {
        self.status = status
        self.version = version
        self.user = user
        self.items = items
        self.totalAmount = totalAmount
    }
}

/// A booking with a wrong amount; minor units.
package struct WrongAmount: Sendable, Hashable {
    package let booking: BookingID
    /// The booking's total.
    package let total: Int64
    /// The sum of its lines.
    package let lines: Int64
    /// The amount paid less the amount to refund; `nil` if nothing was paid.
    package let paid: Int64?
}

/// One event in PostgreSQL, in one snapshot.
package struct EventRecords: Sendable {
    /// How far its partition's outbox is persisted.
    package let cursor: StreamID
    package let event: EventRecord
    /// Bookings of any status whose total differs from the sum of their lines or from what was paid.
    package let wrongAmounts: [WrongAmount]
    /// The counters stored in `tiers`.
    package let tiers: [TierCounters]
    package let bookings: [BookingID: LiveBooking]
    /// The booking of each taken seat, as stored in `event_seats`.
    package let seats: [SeatPosition: BookingID]
    /// Blocks that are not removed.
    package let blocks: Set<Block>
}

/// One event's counters in PostgreSQL, in one snapshot.
package struct EventCounts: Sendable {
    /// How far its partition's outbox is persisted.
    package let cursor: StreamID
    /// The counters stored in `tiers`.
    package let tiers: [TierCounters]
    /// The counters computed from its bookings.
    package let counted: [TierID: (held: Int, sold: Int)]
    /// Number of bookings that are held.
    package let holds: Int
}

/// Reads and repairs one event's rows for an audit; one per loop.
package final class AuditStore {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// An event's rows in one snapshot; `nil` if there is no such event, or it is a draft.
    package func records(of event: EventID) async throws -> EventRecords? {
        let id = [PostgresValue.text(event.description)]
        return try await pool.transaction(isolation: .readOnlySnapshot) { connection in
            let rows = try await connection.pipeline([
                PostgresStatement(Self.cursor, id), PostgresStatement(Self.tiers, id),
                PostgresStatement(Self.bookings, id), PostgresStatement(Self.seats, id),
                PostgresStatement(Self.blocks, id), PostgresStatement(Self.wrongAmounts, id),
                PostgresStatement("SELECT \(Catalogue.columns) FROM events WHERE id = $1::uuid", id),
            ])
            guard let partition = rows[0].first, let event = rows[6].first else { return nil }
            return EventRecords(
                cursor: try Self.cursor(partition), event: try EventRecord(event),
                wrongAmounts: try Self.wrongAmounts(rows[5]),
                tiers: try Self.tiers(rows[1]), bookings: try Self.bookings(rows[2]), seats: try Self.seats(rows[3]),
                blocks: try Self.blocks(rows[4]))
        }
    }

    /// An event's counters in one snapshot, without its rows; `nil` if there is no such event, or it is a draft.
    package func counts(of event: EventID) async throws -> EventCounts? {
        let id = [PostgresValue.text(event.description)]
        return try await pool.transaction(isolation: .readOnlySnapshot) { connection in
            let rows = try await connection.pipeline([
                PostgresStatement(Self.cursor, id), PostgresStatement(Self.tiers, id),
                PostgresStatement(Self.counted, id), PostgresStatement(Self.holds, id),
            ])
            guard let partition = rows[0].first else { return nil }
            var counted: [TierID: (held: Int, sold: Int)] = [:]
            for row in rows[2] {
                guard let tier = TierID(try row.string("tier_id")) else {
                    throw PostgresError.undecodable("booking_items.tier_id")
                }
                counted[tier] = (Int(try row.integer("held")), Int(try row.integer("sold")))
            }
            return EventCounts(
                cursor: try Self.cursor(partition),
                tiers: try Self.tiers(rows[1]), counted: counted,
                holds: Int(try rows[3].first?.integer("holds") ?? 0))
        }
    }

    /// Recomputes an event's tier counters and seats from its bookings, which are authoritative. Locks the partition's
    /// row first, as every writer does.
    package func recount(_ event: EventID) async throws {
        let id = [PostgresValue.text(event.description)]
        try await pool.transaction { connection in
            _ = try await connection.pipeline([
                PostgresStatement(
                    "SELECT FROM partitions WHERE id = (SELECT partition FROM events WHERE id = $1::uuid) FOR UPDATE",
                    id),
                PostgresStatement(Self.removeSeats, id), PostgresStatement(Self.addSeats, id),
                PostgresStatement(Self.recount, id),
            ])
        }
    }

    private static let cursor = """
        SELECT last_ms, last_seq FROM partitions JOIN events ON events.partition = partitions.id
        WHERE events.id = $1::uuid AND events.status <> 'draft'
        """
    private static let tiers = """
        SELECT id, kind, capacity, held, sold, blocked, unit_amount FROM tiers
        WHERE event_id = $1::uuid AND capacity > 0 ORDER BY position
        """
    private static let bookings = """
        SELECT b.id, b.status, b.version, b.user_id, b.total_amount,
            (SELECT string_agg(concat_ws(',', tier_id, quantity, unit_amount, array_to_string(seats, '+')), ';'
                ORDER BY position) FROM booking_items WHERE booking_id = b.id) AS items
        FROM bookings b
        WHERE b.event_id = $1::uuid AND b.phase <= 1
        """
    /// OFFSET 0 makes the planner look payments up by booking: without statistics it would also read the whole index of
    /// successful payments, once per booking.
    private static let wrongAmounts = """
        SELECT b.id, b.total_amount, lines.amount AS lines_amount, paid.amount AS paid_amount FROM bookings b
        CROSS JOIN LATERAL (SELECT coalesce(sum(quantity * unit_amount), 0)::bigint AS amount FROM booking_items
            WHERE booking_id = b.id) AS lines
        LEFT JOIN LATERAL (SELECT amount - refund_amount AS amount FROM
            (SELECT * FROM payments WHERE booking_id = b.id OFFSET 0) AS of_booking
            WHERE status = 'SUCCEEDED' AND provider <> 'none' LIMIT 1) AS paid ON b.status = 'CONFIRMED'
        WHERE b.event_id = $1::uuid
            AND (b.total_amount <> lines.amount OR b.total_amount <> coalesce(paid.amount, b.total_amount))
        LIMIT 1000
        """
    private static let counted = """
        SELECT i.tier_id, coalesce(sum(i.quantity) FILTER (WHERE b.status <> 'CONFIRMED'), 0) AS held,
            coalesce(sum(i.quantity) FILTER (WHERE b.status = 'CONFIRMED'), 0) AS sold
        FROM bookings b JOIN booking_items i ON i.booking_id = b.id
        WHERE b.event_id = $1::uuid AND b.phase <= 1 GROUP BY i.tier_id
        """
    private static let holds = """
        SELECT count(*) AS holds FROM bookings
        WHERE event_id = $1::uuid AND phase = 0
        """
    private static let seats = "SELECT seat, booking_id FROM event_seats WHERE event_id = $1::uuid"
    private static let blocks = """
        SELECT id, tier_id, quantity, array_to_string(seats, '+') AS seats FROM blocks
        WHERE event_id = $1::uuid AND NOT removed
        """
    private static let owners = """
        SELECT unnest(i.seats) AS seat, b.id AS booking_id FROM bookings b
        JOIN booking_items i ON i.booking_id = b.id
        WHERE b.event_id = $1::uuid AND b.phase <= 1
        """
    private static let removeSeats = """
        DELETE FROM event_seats WHERE event_id = $1::uuid AND (seat, booking_id) NOT IN (\(owners))
        """
    private static let addSeats = """
        INSERT INTO event_seats (event_id, seat, booking_id)
        SELECT $1::uuid, owners.seat, owners.booking_id FROM (\(owners)) AS owners ON CONFLICT DO NOTHING
        """
    private static let recount = """
        UPDATE tiers SET held = n.held, sold = n.sold FROM (
            SELECT t.id, coalesce(sum(i.quantity) FILTER (WHERE b.status <> 'CONFIRMED'), 0) AS held,
                coalesce(sum(i.quantity) FILTER (WHERE b.status = 'CONFIRMED'), 0) AS sold
            FROM tiers t LEFT JOIN (booking_items i JOIN bookings b ON b.id = i.booking_id
                AND b.phase <= 1) ON i.tier_id = t.id
            WHERE t.event_id = $1::uuid GROUP BY t.id) AS n
        WHERE tiers.id = n.id AND (tiers.held, tiers.sold) <> (n.held, n.sold)
        """
}

extension AuditStore {
    private static func cursor(_ row: PostgresRow) throws -> StreamID {
        StreamID(milliseconds: try row.integer("last_ms"), sequence: try row.integer("last_seq"))
    }

    private static func tiers(_ rows: PostgresRows) throws -> [TierCounters] {
        try rows.map { (row) throws(PostgresError) in
            guard let id = TierID(try row.string("id")) else { throw PostgresError.undecodable("tiers.id") }
            let capacity = Int(try row.integer("capacity"))
            let held = Int(try row.integer("held"))
            let sold = Int(try row.integer("sold"))
            let blocked = Int(try row.integer("blocked"))
            return TierCounters(
                tier: id, capacity: capacity, available: capacity - held - sold - blocked, held: held, sold: sold,
                blocked: blocked, unitAmount: try row.integer("unit_amount"),
                kind: TierKind(rawValue: try row.string("kind")) ?? .general)
        }
    }

    private static func bookings(_ rows: PostgresRows) throws -> [BookingID: LiveBooking] {
        var bookings: [BookingID: LiveBooking] = [:]
        for row in rows {
            guard let status = BookingStatus(rawValue: try row.string("status")) else {
                throw PostgresError.undecodable("bookings.status")
            }
            bookings[try booking(row, "id")] = LiveBooking(
                status: status, version: try row.integer("version"), user: UserID(stored: try row.string("user_id")),
                items: try BookingRow.items(row), totalAmount: try row.integer("total_amount"))
        }
        return bookings
    }

    private static func wrongAmounts(_ rows: PostgresRows) throws -> [WrongAmount] {
        try rows.map { row in
            WrongAmount(
                booking: try booking(row, "id"), total: try row.integer("total_amount"),
                lines: try row.integer("lines_amount"), paid: try row.optionalInteger("paid_amount"))
        }
    }

    private static func seats(_ rows: PostgresRows) throws -> [SeatPosition: BookingID] {
        var seats: [SeatPosition: BookingID] = [:]
        for row in rows {
            seats[SeatPosition(number: Int(try row.integer("seat")))] = try booking(row, "booking_id")
        }
        return seats
    }

    private static func blocks(_ rows: PostgresRows) throws -> Set<Block> {
        var blocks: Set<Block> = []
        for row in rows {
            guard let id = BlockID(try row.string("id")), let tier = TierID(try row.string("tier_id")),
                let seats = SeatPosition.list(try row.string("seats"))
            else { throw PostgresError.undecodable("blocks") }
            blocks.insert(Block(id: id, tier: tier, quantity: Int(try row.integer("quantity")), seats: seats))
        }
        return blocks
    }

    private static func booking(_ row: PostgresRow, _ column: PostgresColumn) throws -> BookingID {
        guard let uuid = UUIDBytes(try row.string(column)) else { throw PostgresError.undecodable("bookings.id") }
        return BookingID(stored: uuid)
    }
}
