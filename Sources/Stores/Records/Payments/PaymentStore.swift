package import BoxOffice
package import PostgresClient

/// A payment in PostgreSQL.
package struct PaymentRow: Sendable {
    /// The payment in its booking's last state.
    package let payment: BookingPayment
    /// Its booking; for an unmatched charge, the booking that the provider named.
    package let booking: BookingID
    /// The booking's owner; `nil` if there is no such booking.
    package let user: UserID?
    /// ISO 4217.
    package let currency: String
    /// Whether it is not a booking's own payment, but money that its booking cannot have.
    package let isStray: Bool
    /// The key under which the provider has it.
    package let key: PaymentID
    /// How often the provider was queried about it or asked to refund it.
    package let attempts: Int64
    /// The provider's last answer.
    package let answer: String?
    /// Trace context and id of the request that last changed it, in the form of outbox records.
    package let trace: String?
    /// When it was created, Unix milliseconds.
    package let createdAt: Int64
    /// When it last changed, Unix milliseconds.
    package let updatedAt: Int64
}

/// Which payments to list.
package struct PaymentFilter: Sendable {
    /// With this status; `refundDue` includes payments to be refunded partly.
    package var status: PaymentStatus?
    package var booking: BookingID?
    package var event: EventID?
    /// After this one in the list: the last payment of the previous page.
    package var before: PaymentID?

    package init(
        status: PaymentStatus? = nil, booking: BookingID? = nil, event: EventID? = nil, before: PaymentID? = nil
    ) {
        self.status = status
        self.booking = booking
        self.event = event
        self.before = before
    }
}

/// A payment to settle or to refund.
package struct DuePayment: Sendable {
    package let row: PaymentRow
    /// The total to be refunded by the current request, which stays fixed until it succeeds.
    package let refundAsked: Int64
    /// Whether its charge cannot be in progress any more: if the provider does not have it now, it never will.
    package let isOld: Bool
}

/// Payments in PostgreSQL; one per loop.
package final class PaymentStore {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    static let columns = """
        p.id AS payment_id, p.booking_id, p.provider, p.transaction_id, p.status AS payment_status, p.amount,
        p.refund_amount, p.refunded_amount, p.currency, p.is_stray, p.charge_key, p.settle_attempts, p.settle_answer,
        p.trace,
        (extract(epoch FROM p.created_at) * 1000)::bigint AS created_ms,
        (extract(epoch FROM p.updated_at) * 1000)::bigint AS updated_ms
        """

    package func payment(_ id: PaymentID) async throws(PostgresError) -> PaymentRow? {
        try await pool.query(
            """
            SELECT \(Self.columns), b.user_id FROM payments p LEFT JOIN bookings b ON b.id = p.booking_id
            WHERE p.id = $1::uuid
            """, [.text(id.description)]
        ).first.map { (row) throws(PostgresError) in try PaymentRow(row) }
    }

    /// Payments, newest first.
    ///
    /// - Parameter limit: the maximum number of payments.
    package func list(_ filter: PaymentFilter, limit: Int) async throws(PostgresError) -> [PaymentRow] {
        var parameters: [PostgresValue] = [.integer(Int64(limit))]
        func bind(_ text: String, _ type: String) -> String {
            parameters.append(.text(text))
            return "$\(parameters.count)::\(type)"
        }
        var conditions: [String] = []
        if let status = filter.status {
            let own = "p.status = \(bind(status.rawValue, "text"))"
            conditions.append(status == .refundDue ? "(\(own) OR p.refunded_amount < p.refund_amount)" : own)
        }
        if let booking = filter.booking { conditions.append("p.booking_id = \(bind(booking.description, "uuid"))") }
        if let event = filter.event { conditions.append("b.event_id = \(bind(event.description, "uuid"))") }
        if let before = filter.before {
            let last = "SELECT created_at, id FROM payments WHERE id = \(bind(before.description, "uuid"))"
            conditions.append("(p.created_at, p.id) < (\(last))")
        }
        return try await pool.query(
            """
            SELECT \(Self.columns), b.user_id FROM payments p LEFT JOIN bookings b ON b.id = p.booking_id
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY p.created_at DESC, p.id DESC LIMIT $1::bigint
            """, parameters
        ).map { (row) throws(PostgresError) in try PaymentRow(row) }
    }

    /// Persists an attempt before it is charged, for the case that the outbox is not persisted in time: if its booking
    /// is lost together with Redis, the provider is still queried about it. What the outbox later contains about the
    /// attempt takes precedence.
    ///
    /// - Parameters:
    ///   - amount: minor units.
    ///   - currency: ISO 4217.
    ///   - trace: trace context and id of the request.
    package func begin(
        _ id: PaymentID, booking: BookingID, provider: String, amount: Int64, currency: String, trace: String? = nil
    ) async throws(PostgresError) {
        _ = try await pool.query(
            """
            INSERT INTO payments (id, booking_id, provider, status, amount, currency, booking_version, created_at,
                updated_at, trace)
            VALUES ($1::uuid, $2::uuid, $3::text, 'PENDING', $4::bigint, $5::text, 0, now(), now(), $6::text)
            ON CONFLICT DO NOTHING
            """,
            [
                .text(id.description), .text(booking.description), .text(provider), .integer(amount),
                .text(currency), .optionalText(trace),
            ])
    }

    // MARK: - Settlement

    /// Takes due payments: other processes do not take them for a while, which grows with each attempt. The refund's
    /// total is recorded with it; until it has succeeded, no other total is requested.
    ///
    /// - Parameters:
    ///   - provider: the payments' provider.
    ///   - oldSeconds: the age after which a charge cannot be in progress any more.
    ///   - records: false only in a test, to show that a missing record is detected.
    package func takeDue(
        provider: String, limit: Int, oldSeconds: Int64, records: Bool = true
    ) async throws(PostgresError) -> [DuePayment] {
        try await pool.query(
            """
            UPDATE payments p SET settle_attempts = p.settle_attempts + 1,
                settle_at = now() + interval '1 second'
                    * CASE WHEN p.settle_attempts < 40 THEN least(power(2, p.settle_attempts + 1), 15) ELSE 300 END,
                refund_asked = CASE WHEN NOT $4::boolean THEN p.refunded_amount WHEN p.refund_asked > p.refunded_amount THEN p.refund_asked ELSE p.refund_amount END
            WHERE p.id IN (
                SELECT id FROM payments WHERE (status = 'PENDING' OR refunded_amount < refund_amount)
                AND settle_at <= now() AND provider = $1::text ORDER BY settle_at LIMIT $2::bigint
                FOR UPDATE SKIP LOCKED)
            RETURNING \(Self.columns), NULL AS user_id,
                CASE WHEN $4::boolean THEN p.refund_asked ELSE p.refund_amount END AS refund_asked,
                p.created_at < now() - $3::bigint * interval '1 second' AS is_old
            """, [.text(provider), .integer(Int64(limit)), .integer(oldSeconds), .bool(records)]
        ).map { (row) throws(PostgresError) in
            DuePayment(
                row: try PaymentRow(row), refundAsked: try row.integer("refund_asked"),
                isOld: try row.bool("is_old"))
        }
    }

    /// Records the provider's answer.
    ///
    /// - Parameter answer: must be safe to display.
    package func note(_ id: PaymentID, _ answer: String) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE payments SET settle_answer = $2::text WHERE id = $1::uuid", [.text(id.description), .text(answer)])
    }

    /// Ends an attempt that its booking has replaced by another: nothing was charged.
    package func endForgotten(_ id: PaymentID) async throws(PostgresError) {
        _ = try await pool.query(
            """
            UPDATE payments SET status = 'FAILED', is_stray = true, updated_at = now()
            WHERE id = $1::uuid AND status = 'PENDING'
            """, [.text(id.description)])
    }

    /// Corrects the amount of a stray charge without refunds, from the provider's answer.
    package func correctStray(_ id: PaymentID, amount: Int64, currency: String) async throws(PostgresError) {
        _ = try await pool.query(
            """
            UPDATE payments SET amount = $2::bigint, refund_amount = $2::bigint, refund_asked = 0, currency = $3::text
            WHERE id = $1::uuid AND is_stray AND refunded_amount = 0
            """, [.text(id.description), .integer(amount), .text(currency)])
    }

    /// Records the total refunded of a stray charge.
    package func refundedStray(_ id: PaymentID, amount: Int64) async throws(PostgresError) {
        _ = try await pool.query(
            """
            UPDATE payments SET refunded_amount = greatest(refunded_amount, $2::bigint),
                status = CASE WHEN greatest(refunded_amount, $2::bigint) >= payments.amount THEN 'REFUNDED' ELSE status END,
                updated_at = now()
            WHERE id = $1::uuid AND is_stray
            """, [.text(id.description), .integer(amount)])
    }
}

extension PaymentRow {
    init(_ row: PostgresRow) throws(PostgresError) {
        guard let booking = UUIDBytes(try row.string("booking_id")),
            let payment = try BookingPayment(row)
        else { throw PostgresError.undecodable("payments") }
        self.payment = payment
        self.booking = BookingID(stored: booking)
        user = try row.optionalString("user_id").map(UserID.init(stored:))
        currency = try row.string("currency")
        isStray = try row.bool("is_stray")
        key = try row.optionalString("charge_key").flatMap { PaymentID($0) } ?? payment.id
        attempts = try row.integer("settle_attempts")
        answer = try row.optionalString("settle_answer")
        trace = try row.optionalString("trace")
        createdAt = try row.integer("created_ms")
        updatedAt = try row.integer("updated_ms")
    }
}
