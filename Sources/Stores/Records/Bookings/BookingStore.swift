package import BoxOffice
package import PostgresClient

/// A booking in PostgreSQL.
package struct BookingRow: Sendable {
    package let id: BookingID
    package let image: Booking
    /// The answer to its claim, as in the booking's record in Redis; `nil` if unknown.
    package let claimed: [UInt8]?
}

/// Reads bookings in PostgreSQL; one per loop.
package final class BookingStore {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    static let columns = """
        b.id, b.event_id, b.user_id, b.status, b.version, b.total_amount, b.currency, b.attempts, b.extensions,
        b.idempotency_digest, b.reason, b.claimed, (extract(epoch FROM b.expires_at) * 1000)::bigint AS expires_ms,
        (extract(epoch FROM b.payment_deadline) * 1000)::bigint AS deadline_ms,
        (extract(epoch FROM b.created_at) * 1000)::bigint AS created_ms,
        (extract(epoch FROM b.updated_at) * 1000)::bigint AS updated_ms,
        (extract(epoch FROM b.confirmed_at) * 1000)::bigint AS confirmed_ms,
        (SELECT string_agg(concat_ws(',', tier_id, quantity, unit_amount, array_to_string(seats, '+')), ';'
            ORDER BY position)
            FROM booking_items WHERE booking_id = b.id) AS items,
        p.id AS payment_id, p.provider, p.transaction_id, p.status AS payment_status, p.amount,
        p.refund_amount, p.refunded_amount
        """
    static let payment = """
        LEFT JOIN LATERAL (
            SELECT * FROM payments WHERE booking_id = b.id AND NOT is_stray
            ORDER BY booking_version DESC LIMIT 1) p ON true
        """
    private static let source = "bookings b \(payment)"

    package func booking(_ id: BookingID) async throws(PostgresError) -> BookingRow? {
        try await rows("WHERE b.id = $1::uuid", [.text(id.description)]).first
    }

    /// The bookings' versions in PostgreSQL, with their times, which distinguish them from versions of lost histories.
    package func made(of ids: [BookingID]) async throws(PostgresError) -> [BookingID: BookingVersion] {
        var versions: [BookingID: BookingVersion] = [:]
        let rows = try await pool.query(
            """
            SELECT id, version, (extract(epoch FROM updated_at) * 1000)::bigint AS updated_ms FROM bookings
            WHERE id = ANY ($1::uuid[])
            """, [.textArray(ids.map(\.description))])
        for row in rows {
            guard let uuid = UUIDBytes(try row.string("id")) else { throw PostgresError.undecodable("bookings.id") }
            versions[BookingID(stored: uuid)] = BookingVersion(
                number: try row.integer("version"), at: try row.integer("updated_ms"))
        }
        return versions
    }

    /// Version and status of bookings; missing bookings are left out.
    package func standings(
        of ids: [BookingID]
    ) async throws(PostgresError) -> [BookingID: (version: Int64, status: BookingStatus)] {
        var standings: [BookingID: (version: Int64, status: BookingStatus)] = [:]
        guard !ids.isEmpty else { return standings }
        let rows = try await pool.query(
            "SELECT id, version, status FROM bookings WHERE id = ANY ($1::uuid[])",
            [.textArray(ids.map(\.description))])
        for row in rows {
            guard let uuid = UUIDBytes(try row.string("id")),
                let status = BookingStatus(rawValue: try row.string("status"))
            else { throw PostgresError.undecodable("bookings") }
            standings[BookingID(stored: uuid)] = (try row.integer("version"), status)
        }
        return standings
    }

    /// The bookings' versions in PostgreSQL; missing bookings are left out.
    package func versions(of ids: [BookingID]) async throws(PostgresError) -> [BookingID: Int64] {
        var versions: [BookingID: Int64] = [:]
        let rows = try await pool.query(
            "SELECT id, version FROM bookings WHERE id = ANY ($1::uuid[])", [.textArray(ids.map(\.description))])
        for row in rows {
            guard let uuid = UUIDBytes(try row.string("id")) else { throw PostgresError.undecodable("bookings.id") }
            versions[BookingID(stored: uuid)] = try row.integer("version")
        }
        return versions
    }

    /// An event's live holds, ordered by id.
    package func holds(
        of event: EventID, after: BookingID?, limit: Int
    ) async throws(PostgresError) -> [BookingRow] {
        try await rows(
            """
            WHERE b.event_id = $1::uuid AND b.phase = 0
            AND ($2::uuid IS NULL OR b.id > $2::uuid) ORDER BY b.id LIMIT $3::bigint
            """, [.text(event.description), .optionalText(after?.description), .integer(Int64(limit))])
    }

    /// Live bookings of cancelled events.
    package func ofCancelledEvents(
        _ partitions: [Partition], limit: Int
    ) async throws(PostgresError) -> [BookingID] {
        try await pool.query(
            """
            SELECT b.id FROM events e JOIN bookings b ON b.event_id = e.id
                AND b.phase <= 1
            WHERE e.status = 'cancelled' AND b.partition = ANY ($1::integer[]) LIMIT $2::bigint
            """, [.integerArray(partitions.map { Int64($0.number) }), .integer(Int64(limit))]
        ).map { (row) throws(PostgresError) in
            guard let uuid = UUIDBytes(try row.string("id")) else { throw PostgresError.undecodable("bookings.id") }
            return BookingID(stored: uuid)
        }
    }

    /// Users' totals over live bookings of an event, ordered by user id, from a single query however many there are.
    ///
    /// - Parameters:
    ///   - limit: the page size.
    ///   - take: called with each page; returns false to stop.
    /// - Returns: false if `take` stopped it.
    package func totals(
        of event: EventID, limit: Int, _ take: nonisolated(nonsending) ([UserTotals]) async throws -> Bool
    ) async throws -> Bool {
        try await pool.transaction { connection in
            _ = try await connection.query(
                PostgresStatement(Self.declareTotals, [.text(event.description)], isPrepared: false))
            while true {
                let page = try await connection.query(
                    PostgresStatement("FETCH \(limit) FROM totals", isPrepared: false)
                ).map { (row) throws(PostgresError) in try UserTotals(row) }
                guard !page.isEmpty else { return true }
                guard try await take(page) else { return false }
            }
        }
    }

    private static let declareTotals = """
        DECLARE totals NO SCROLL CURSOR FOR
        SELECT b.user_id, sum(i.quantity) AS tickets, count(DISTINCT b.id) AS bookings,
            string_agg(DISTINCT b.id::text, ' ') FILTER (WHERE i.seats <> '{}') AS seated
        FROM bookings b JOIN booking_items i ON i.booking_id = b.id
        WHERE b.event_id = $1::uuid AND b.phase <= 1
        GROUP BY b.user_id ORDER BY b.user_id
        """

    /// Claims of the last 24 hours with an idempotency key, newest first. Of two claims with the same key, the older
    /// one had failed and its key was forgotten.
    ///
    /// - Parameter after: the last claim of the previous page. `createdAt` is PostgreSQL's text with microseconds: with
    ///   a rounded time, the next page could be the same page again, forever.
    package func claims(
        of event: EventID, after: (createdAt: String, booking: BookingID)?, limit: Int
    ) async throws(PostgresError) -> [(claim: StoredClaimKey?, createdAt: String, booking: BookingID)] {
        try await pool.query(
            """
            SELECT id, user_id, idempotency_digest, created_at::text AS created, claimed IS NULL AS is_first_form,
                (extract(epoch FROM created_at) * 1000)::bigint AS created_ms,
                (extract(epoch FROM created_at + interval '24 hours' - now()) * 1000)::bigint AS left_ms
            FROM bookings WHERE event_id = $1::uuid AND idempotency_digest IS NOT NULL
            AND created_at > now() - interval '24 hours' AND created_at <= $2::timestamptz
            AND (created_at, id) < ($2::timestamptz, $3::uuid)
            ORDER BY created_at DESC, id DESC LIMIT $4::bigint
            """,
            [
                .text(event.description), .text(after?.createdAt ?? "infinity"),
                .text(after?.booking.description ?? UUIDBytes(high: .max, low: .max).description),
                .integer(Int64(limit)),
            ]
        ).map { (row) throws(PostgresError) in
            guard let uuid = UUIDBytes(try row.string("id")) else { throw PostgresError.undecodable("bookings.id") }
            let booking = BookingID(stored: uuid)
            let claim = StoredClaimKey(
                try row.string("idempotency_digest"), booking: booking, user: UserID(stored: try row.string("user_id")),
                createdAt: try row.integer("created_ms"), remainingMilliseconds: max(1, try row.integer("left_ms")),
                isFirstForm: try row.bool("is_first_form"))
            return (claim, try row.string("created"), booking)
        }
    }

    /// The highest `updatedAt` persisted for an event, Unix milliseconds; 0 if there is none.
    package func clock(of event: EventID) async throws(PostgresError) -> Int64 {
        let rows = try await pool.query(
            "SELECT max(clock) AS clock FROM tiers WHERE event_id = $1::uuid", [.text(event.description)])
        return try rows.first?.optionalInteger("clock") ?? 0
    }

    private func rows(_ condition: String, _ parameters: [PostgresValue]) async throws(PostgresError) -> [BookingRow] {
        try await pool.query("SELECT \(Self.columns) FROM \(Self.source) \(condition)", parameters)
            .map { (row) throws(PostgresError) in try BookingRow(row) }
    }
}

extension UserTotals {
    init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            user: UserID(stored: try row.string("user_id")), tickets: Int(try row.integer("tickets")),
            bookings: Int(try row.integer("bookings")),
            seated: (try row.optionalString("seated") ?? "").split(separator: " ").compactMap {
                UUIDBytes($0).map { BookingID(stored: $0) }
            })
    }
}

extension BookingRow {
    init(_ row: PostgresRow) throws(PostgresError) {
        guard let uuid = UUIDBytes(try row.string("id")), let event = EventID(try row.string("event_id")),
            let status = BookingStatus(rawValue: try row.string("status"))
        else { throw PostgresError.undecodable("bookings") }
        id = BookingID(stored: uuid)
        claimed = try row.optionalBytes("claimed")
        image = Booking(
            version: try row.integer("version"), status: status, expiresAt: try row.integer("expires_ms"),
            paymentDeadline: try row.optionalInteger("deadline_ms"), attempts: Int(try row.integer("attempts")),
            extensions: Int(try row.integer("extensions")), createdAt: try row.integer("created_ms"),
            updatedAt: try row.integer("updated_ms"), confirmedAt: try row.optionalInteger("confirmed_ms"),
            event: event, user: UserID(stored: try row.string("user_id")), totalAmount: try row.integer("total_amount"),
            currency: try row.string("currency"),
            key: (try row.optionalString("idempotency_digest")).flatMap { ClaimKey($0) },
            items: try Self.items(row), payment: try BookingPayment(row), reason: try row.optionalString("reason"))
    }

    static func items(_ row: PostgresRow) throws(PostgresError) -> [BookingItem] {
        let text = try row.optionalString("items") ?? ""
        guard let items = BookingItem.list(Array(text.utf8)[...]) else {
            throw PostgresError.undecodable("booking_items")
        }
        return items
    }
}

extension BookingPayment {
    /// Reads a payment's columns; `nil` if there is no payment.
    init?(_ row: PostgresRow) throws(PostgresError) {
        guard let text = try row.optionalString("payment_id") else { return nil }
        guard let id = PaymentID(text), let status = PaymentStatus(rawValue: try row.string("payment_status")) else {
            throw PostgresError.undecodable("payments")
        }
        self.init(
            id: id, provider: try row.string("provider"), transactionID: try row.optionalString("transaction_id"),
            status: status, amount: try row.integer("amount"), refundAmount: try row.integer("refund_amount"),
            refundedAmount: try row.integer("refunded_amount"))
    }
}
