package import BoxOffice
package import PostgresClient

/// A booking in a table of bookings.
package struct BookingSummary: Sendable {
    package let id: BookingID
    package let event: EventID
    package let user: UserID
    /// The owner's email address, if the owner has an account here.
    package let email: String?
    /// Its status at the requested time.
    package let status: BookingStatus
    /// Number of tickets.
    package let quantity: Int64
    /// Minor units.
    package let totalAmount: Int64
    /// ISO 4217.
    package let currency: String
    /// Unix milliseconds.
    package let createdAt: Int64
    /// Unix milliseconds.
    package let confirmedAt: Int64?
    /// Unix milliseconds.
    package let expiresAt: Int64
    /// Status of its last payment.
    package let paymentStatus: String?
    /// The provider's id of the charge.
    package let transactionID: String?
}

extension BookingStore {
    /// Persisted bookings, newest first.
    ///
    /// - Parameters:
    ///   - except: bookings to leave out.
    ///   - limit: the maximum number of bookings.
    package func list(
        _ filter: BookingFilter, except: [BookingID] = [], limit: Int
    ) async throws(PostgresError) -> [BookingRow] {
        let page = BookingPage(filter, except: except, limit: limit)
        return try await pool.query(
            """
            SELECT \(Self.columns) FROM (\(page.sql)) AS page JOIN bookings b ON b.id = page.id \(Self.payment)
            ORDER BY b.id DESC
            """, page.parameters
        ).map { (row) throws(PostgresError) in try BookingRow(row) }
    }

    /// Bookings as table rows.
    package func summaries(_ filter: BookingFilter, limit: Int) async throws(PostgresError) -> [BookingSummary] {
        let page = BookingPage(filter, limit: limit)
        return try await pool.query(
            """
            SELECT b.id, b.event_id, b.user_id, b.status, b.total_amount, b.currency, u.email,
                (SELECT sum(quantity) FROM booking_items WHERE booking_id = b.id) AS quantity,
                (extract(epoch FROM b.created_at) * 1000)::bigint AS created_ms,
                (extract(epoch FROM b.confirmed_at) * 1000)::bigint AS confirmed_ms,
                (extract(epoch FROM b.expires_at) * 1000)::bigint AS expires_ms,
                p.status AS payment_status, p.transaction_id
            FROM (\(page.sql)) AS page JOIN bookings b ON b.id = page.id \(Self.payment)
                LEFT JOIN users u ON u.id = CASE WHEN b.user_id ~ '\(Self.accountPattern)' THEN b.user_id::uuid END
            ORDER BY b.id DESC
            """, page.parameters
        ).map { (row) throws(PostgresError) in try BookingSummary(row, now: filter.now) }
    }

    /// The form of an account's id in tokens; other users come from external issuers or are services.
    private static let accountPattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

    /// The user of the account with this normalised email address.
    package func user(ofAddress normalised: String) async throws(PostgresError) -> UserID? {
        try await pool.query("SELECT id FROM users WHERE email_normalised = $1::text", [.text(normalised)])
            .first.map { (row) throws(PostgresError) in UserID(stored: try row.string("id")) }
    }

    /// Dead letters that have not been replayed: their changes of bookings are not in PostgreSQL.
    ///
    /// - Parameters:
    ///   - user: those that mention a booking of this user, spelled as in images; `nil` for all.
    ///   - partition: those of this partition; `nil` for all.
    /// - Returns: the entries.
    package func deadLetters(
        of user: String?, in partition: Partition?, limit: Int
    ) async throws(PostgresError) -> [String] {
        try await pool.query(
            """
            SELECT entry FROM dead_letters WHERE replayed_at IS NULL
            AND ($1::text IS NULL OR strpos(entry, '|' || $1::text || '|') > 0)
            AND ($2::integer IS NULL OR partition = $2::integer) LIMIT $3::bigint
            """,
            [
                .optionalText(user), .optionalInteger(partition.map { Int64($0.number) }), .integer(Int64(limit)),
            ]
        ).map { (row) throws(PostgresError) in try row.string("entry") }
    }
}

extension BookingSummary {
    init(_ row: PostgresRow, now: Int64) throws(PostgresError) {
        guard let uuid = UUIDBytes(try row.string("id")), let event = EventID(try row.string("event_id")),
            let status = BookingStatus(rawValue: try row.string("status"))
        else { throw PostgresError.undecodable("bookings") }
        let expiresAt = try row.integer("expires_ms")
        self.init(
            id: BookingID(stored: uuid), event: event, user: UserID(stored: try row.string("user_id")),
            email: try row.optionalString("email"),
            status: status == .reserved && expiresAt <= now ? .expired : status,
            quantity: try row.optionalInteger("quantity") ?? 0, totalAmount: try row.integer("total_amount"),
            currency: try row.string("currency"), createdAt: try row.integer("created_ms"),
            confirmedAt: try row.optionalInteger("confirmed_ms"), expiresAt: expiresAt,
            paymentStatus: try row.optionalString("payment_status"),
            transactionID: try row.optionalString("transaction_id"))
    }
}
