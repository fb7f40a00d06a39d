public import Booking
public import PostgresClient

/// What providers told of their transactions: it is written down before any booking hears of it, so that it is not lost
/// with whoever heard it. One per loop.
public final class ChargeStore {
    /// What a charge is when its booking was told.
    public enum State: String, Sendable {
        /// Told, and to be told again until `payments` has it.
        case told
        /// Of no booking that is known.
        case unmatched
        /// Not what the booking costs.
        case mismatch
        /// `payments` has it, or it is no money of its own.
        case settled
    }

    private let pool: PostgresPool

    /// A store on a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Writes a message down, once.
    ///
    /// - Parameters:
    ///   - message: its id.
    ///   - unnamed: what the payment is called when the attempt that is named is another booking's.
    public func receive(
        _ message: String, _ charge: ToldCharge, unnamed: PaymentID
    ) async throws -> Reception {
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
                if try payment.bool("is_stray") { return charge.isSuccess ? .goesBack : .outdated }
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

    /// Writes down what was answered to a message, and what became of its charge.
    public func finish(
        _ message: String, outcome: String, _ charge: ToldCharge, state: State?
    ) async throws(PostgresError) {
        var statements = [
            PostgresStatement(
                "UPDATE callbacks SET outcome = $2::text WHERE id = $1::text", [.text(message), .text(outcome)])
        ]
        if let state { statements.append(Self.update(charge, state)) }
        _ = try await pool.pipeline(statements)
    }

    /// Writes down what became of a charge.
    public func update(_ charge: ToldCharge, _ state: State) async throws(PostgresError) {
        _ = try await pool.query(Self.update(charge, state))
    }

    /// Charges that wait for their end: told ones that `payments` should have by now, doubtful ones, and nobody's money.
    /// Nobody else takes them up for `toldSeconds`.
    ///
    /// - Parameters:
    ///   - toldSeconds: how long `payments` may take.
    ///   - keptSeconds: how long nobody's money is kept.
    public func takeOpen(
        provider: String, toldSeconds: Int64, keptSeconds: Int64, limit: Int
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
            """, [.text(provider), .integer(toldSeconds), .integer(keptSeconds), .integer(Int64(limit))]
        ).map { (row) throws(PostgresError) in
            guard let booking = UUIDBytes(try row.string("booking_id")),
                let payment = PaymentID(try row.string("payment_id"))
            else { throw PostgresError.undecodable("charges") }
            return OpenCharge(
                charge: ToldCharge(
                    provider: provider, transactionID: try row.string("transaction_id"),
                    booking: BookingID(stored: booking), payment: payment, amount: try row.integer("amount"),
                    currency: try row.string("currency"), isSuccess: true,
                    trace: try row.optionalString("trace") ?? ""),
                isDoubtful: try row.bool("is_doubtful"), isOver: try row.bool("is_over"))
        }
    }

    /// Whether `payments` has the transaction.
    public func isPaid(_ charge: ToldCharge) async throws(PostgresError) -> Bool {
        try await pool.query(Self.payment(of: charge)).count > 0
    }

    /// Writes money down that its booking cannot have, to be given back.
    ///
    /// - Parameters:
    ///   - id: what it is called; that of the attempt, where the booking has forgotten that over another.
    /// - Returns: false when that was known.
    public func giveBack(_ charge: ToldCharge, as id: PaymentID) async throws(PostgresError) -> Bool {
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

    /// Forgets messages that no provider repeats any more.
    public func forgetOld() async throws(PostgresError) {
        _ = try await pool.query("DELETE FROM callbacks WHERE received_at < now() - interval '30 days'")
    }
}

extension ChargeStore {
    private static func payment(of charge: ToldCharge) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT booking_id, is_stray FROM payments WHERE provider = $1::text AND transaction_id = $2::text
            AND status IN ('SUCCEEDED', 'REFUND_DUE', 'REFUNDED')
            """, [.text(charge.provider), .text(charge.transactionID)])
    }

    private static func update(_ charge: ToldCharge, _ state: State) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE charges SET state = $3::text, updated_at = now()
            WHERE provider = $1::text AND transaction_id = $2::text AND state <> $3::text AND state <> 'settled'
            """, [.text(charge.provider), .text(charge.transactionID), .text(state.rawValue)])
    }

    private static func parameters(_ charge: ToldCharge) -> [PostgresValue] {
        [
            .text(charge.provider), .text(charge.transactionID), .text(charge.booking.description),
            .text(charge.payment.description), .integer(charge.amount), .text(charge.currency),
            .text(charge.isSuccess ? "told" : "failed"), .optionalText(charge.trace.isEmpty ? nil : charge.trace),
        ]
    }

    /// What failed may turn to success, and a doubtful sum to the right one; nothing else changes.
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
