package import BoxOffice
package import PostgresClient

/// Providers' messages about their transactions. Each is persisted before its booking is changed, so that it survives
/// the process that received it. One per loop.
package final class ChargeStore {
    /// The state of a charge.
    package enum State: String, Sendable {
        /// Received; its booking has to be updated until `payments` has the charge.
        case told
        /// Its booking is unknown.
        case unmatched
        /// Its amount differs from the booking's total.
        case mismatch
        /// `payments` has it, or no money was taken beyond the booking's own charge.
        case settled
    }

    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Records a message, once.
    ///
    /// - Parameters:
    ///   - message: the message's id.
    ///   - unnamed: the payment id to use if the named attempt belongs to another booking.
    package func receive(
        _ message: String, _ charge: ReportedCharge, unnamed: PaymentID
    ) async throws -> ReportOutcome {
        try await pool.transaction { connection in
            let known = try await connection.pipeline([
                PostgresStatement(
                    "INSERT INTO callbacks (id) VALUES ($1::text) ON CONFLICT DO NOTHING", [.text(message)]),
                PostgresStatement("SELECT outcome FROM callbacks WHERE id = $1::text", [.text(message)]),
                Self.payment(of: charge),
                PostgresStatement(
                    "SELECT booking_id FROM payments WHERE id = $1::uuid", [.text(charge.payment.description)]),
            ])
            if try known[1].first?.optionalString("outcome") != nil { return .repeated }
            if let payment = known[2].first {
                guard try payment.string("booking_id") == charge.booking.description else { return .ofAnother }
                if try payment.bool("is_stray") { return charge.isSuccess ? .refundDue : .outdated }
            }
            let owner = try known[3].first?.string("booking_id") ?? charge.booking.description
            let told = owner == charge.booking.description ? charge : charge.withPayment(unnamed)
            let rows = try await connection.query(Self.upsert, Self.parameters(told))
            guard let row = rows.first else { throw PostgresError.undecodable("charges") }
            guard try row.string("booking_id") == charge.booking.description else { return .ofAnother }
            if try !charge.isSuccess && row.string("state") != "failed" { return .outdated }
            guard let payment = PaymentID(try row.string("payment_id")) else {
                throw PostgresError.undecodable("charges.payment_id")
            }
            return .recorded(told.withPayment(payment), isKept: try row.string("state") == State.unmatched.rawValue)
        }
    }

    /// Records the answer to a message, and the new state of its charge.
    package func finish(
        _ message: String, outcome: String, _ charge: ReportedCharge, state: State?
    ) async throws(PostgresError) {
        var statements = [
            PostgresStatement(
                "UPDATE callbacks SET outcome = $2::text WHERE id = $1::text", [.text(message), .text(outcome)])
        ]
        if let state { statements.append(Self.update(charge, state)) }
        _ = try await pool.pipeline(statements)
    }

    /// Records the new state of a charge.
    package func update(_ charge: ReportedCharge, _ state: State) async throws(PostgresError) {
        _ = try await pool.query(Self.update(charge, state))
    }

    /// Takes unfinished charges: received ones that `payments` should have by now, mismatched ones, and unmatched ones.
    /// Other processes do not take them for `reportedSeconds`.
    ///
    /// - Parameters:
    ///   - reportedSeconds: how long `payments` may take to get a charge.
    ///   - keptSeconds: how long an unmatched charge is kept.
    package func takeOpen(
        provider: String, reportedSeconds: Int64, keptSeconds: Int64, limit: Int
    ) async throws(PostgresError) -> [OpenCharge] {
        try await pool.query(
            """
            UPDATE charges SET updated_at = now() WHERE (provider, transaction_id) IN (
                SELECT provider, transaction_id FROM charges
                WHERE provider = $1::text AND (
                    state IN ('told', 'mismatch') AND updated_at <= now() - $2::bigint * interval '1 second'
                    OR state = 'unmatched' AND created_at <= now() - $3::bigint * interval '1 second')
                ORDER BY updated_at LIMIT $4::bigint FOR UPDATE SKIP LOCKED)
            RETURNING transaction_id, booking_id, payment_id, amount, currency, trace, state = 'mismatch' AS is_doubtful,
                created_at <= now() - $3::bigint * interval '1 second' AS is_over
            """, [.text(provider), .integer(reportedSeconds), .integer(keptSeconds), .integer(Int64(limit))]
        ).map { (row) throws(PostgresError) in
            guard let booking = UUIDBytes(try row.string("booking_id")),
                let payment = PaymentID(try row.string("payment_id"))
            else { throw PostgresError.undecodable("charges") }
            return OpenCharge(
                charge: ReportedCharge(
                    provider: provider, transactionID: try row.string("transaction_id"),
                    booking: BookingID(stored: booking), payment: payment, amount: try row.integer("amount"),
                    currency: try row.string("currency"), isSuccess: true,
                    trace: try row.optionalString("trace") ?? ""),
                isDoubtful: try row.bool("is_doubtful"), isOver: try row.bool("is_over"))
        }
    }

    /// Whether `payments` has the transaction.
    package func isPaid(_ charge: ReportedCharge) async throws(PostgresError) -> Bool {
        try await pool.query(Self.payment(of: charge)).count > 0
    }

    /// Records money that its booking cannot have, to be refunded.
    ///
    /// - Parameters:
    ///   - id: the payment's id; that of the attempt, if the booking has replaced the attempt by another.
    /// - Returns: false if it was recorded before.
    package func recordRefundDue(_ charge: ReportedCharge, as id: PaymentID) async throws(PostgresError) -> Bool {
        let rows = try await pool.pipeline([
            PostgresStatement(
                Self.insertStray,
                [
                    .text(id.description), .text(charge.booking.description), .text(charge.provider),
                    .text(charge.transactionID), .integer(charge.amount), .text(charge.currency),
                    .optionalText(id == charge.payment ? nil : charge.payment.description),
                    .optionalText(charge.trace.isEmpty ? nil : charge.trace),
                ]), Self.update(charge, .settled),
        ])
        return rows[0].affectedRows == 1
    }

    /// Deletes messages so old that no provider repeats them.
    package func forgetOld() async throws(PostgresError) {
        _ = try await pool.query("DELETE FROM callbacks WHERE received_at < now() - interval '30 days'")
    }
}

extension ChargeStore {
    private static func payment(of charge: ReportedCharge) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT booking_id, is_stray FROM payments WHERE provider = $1::text AND transaction_id = $2::text
            AND status IN ('SUCCEEDED', 'REFUND_DUE', 'REFUNDED')
            """, [.text(charge.provider), .text(charge.transactionID)])
    }

    private static func update(_ charge: ReportedCharge, _ state: State) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE charges SET state = $3::text, updated_at = now()
            WHERE provider = $1::text AND transaction_id = $2::text AND state <> $3::text AND state <> 'settled'
            """, [.text(charge.provider), .text(charge.transactionID), .text(state.rawValue)])
    }

    private static func parameters(_ charge: ReportedCharge) -> [PostgresValue] {
        [
            .text(charge.provider), .text(charge.transactionID), .text(charge.booking.description),
            .text(charge.payment.description), .integer(charge.amount), .text(charge.currency),
            .text(charge.isSuccess ? "told" : "failed"), .optionalText(charge.trace.isEmpty ? nil : charge.trace),
        ]
    }

    /// A failed charge may become successful, and a mismatched amount correct; nothing else changes.
    private static let upsert = """
        INSERT INTO charges AS old (provider, transaction_id, booking_id, payment_id, amount, currency, state, trace)
        VALUES ($1::text, $2::text, $3::uuid, $4::uuid, $5::bigint, $6::text, $7::text, $8::text)
        ON CONFLICT (provider, transaction_id) DO UPDATE SET
            trace = coalesce(excluded.trace, old.trace),
            amount = CASE WHEN old.state IN ('failed', 'mismatch') AND excluded.state = 'told'
                AND old.booking_id = excluded.booking_id THEN excluded.amount ELSE old.amount END,
            currency = CASE WHEN old.state IN ('failed', 'mismatch') AND excluded.state = 'told'
                AND old.booking_id = excluded.booking_id THEN excluded.currency ELSE old.currency END,
            state = CASE WHEN old.state IN ('failed', 'mismatch') AND excluded.state = 'told'
                AND old.booking_id = excluded.booking_id THEN 'told' ELSE old.state END
        RETURNING booking_id, payment_id, state
        """

    private static let insertStray = """
        INSERT INTO payments AS old (id, booking_id, provider, transaction_id, status, amount, currency,
            booking_version, created_at, updated_at, refund_amount, is_stray, charge_key, settle_at, trace)
        SELECT $1::uuid, $2::uuid, $3::text, $4::text, CASE WHEN $5::bigint = 0 THEN 'REFUNDED' ELSE 'REFUND_DUE' END,
            $5::bigint, $6::text, 0, now(), now(), $5::bigint, true, $7::uuid, now(), $8::text
        WHERE NOT EXISTS (SELECT FROM payments WHERE provider = $3::text AND transaction_id = $4::text
            AND status IN ('SUCCEEDED', 'REFUND_DUE', 'REFUNDED'))
        ON CONFLICT (id) DO UPDATE SET transaction_id = excluded.transaction_id, status = excluded.status,
            amount = excluded.amount, currency = excluded.currency, refund_amount = excluded.refund_amount,
            is_stray = true, updated_at = now(), settle_at = now(), settle_attempts = 0
        WHERE old.status IN ('PENDING', 'FAILED')
        """
}
