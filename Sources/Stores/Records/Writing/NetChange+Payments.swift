import BoxOffice
import PostgresClient

/// Payments, in the state of the batch's last version of their booking.
extension NetChange {
    private typealias Payments = [(id: PaymentID, value: Batch.Payment)]

    /// Updates payments that PostgreSQL has, and inserts the others.
    func paymentStatements() -> [PostgresStatement] {
        let known = payments.filter { knownPayments.contains($0.id) }
        let new = payments.filter { !knownPayments.contains($0.id) }
        var statements: [PostgresStatement] = []
        if !known.isEmpty { statements.append(PostgresStatement(Self.update, Self.columns(known))) }
        if !new.isEmpty { statements.append(PostgresStatement(Self.upsert, Self.columns(new))) }
        return statements
    }

    private static func columns(_ payments: Payments) -> [PostgresValue] {
        let values = payments.lazy.map(\.value)
        return [
            .uuids(payments.lazy.map(\.id.uuid)), .uuids(values.map(\.booking.uuid)),
            .texts(values.map(\.payment.provider)), .texts(values.map(\.payment.transactionID)),
            .texts(values.map(\.payment.status.rawValue)), .bigints(values.map(\.payment.amount)),
            .texts(values.map(\.currency)), .bigints(values.map(\.version)), .moments(values.map(\.at)),
            .bigints(values.map(\.payment.refundAmount)), .bigints(values.map(\.payment.refundedAmount)),
            .texts(values.map(\.trace)),
        ]
    }

    private static let given = ArrayRows.named(
        "n",
        [
            ("id", "uuid"), ("booking_id", "uuid"), ("provider", "text"), ("transaction_id", "text"),
            ("status", "text"), ("amount", "bigint"), ("currency", "text"), ("version", "bigint"),
            ("at", "timestamptz"), ("refund_amount", "bigint"), ("refunded_amount", "bigint"), ("trace", "text"),
        ])

    /// - Parameter new: the alias of the row with the new values, which has the table's column names.
    private static func changes(_ new: String) -> String {
        """
        transaction_id = \(new).transaction_id, status = \(new).status, refund_amount = \(new).refund_amount,
            refunded_amount = \(new).refunded_amount, amount = \(new).amount, is_stray = false,
            trace = coalesce(\(new).trace, old.trace),
            settle_at = CASE WHEN (old.status, old.refund_amount) = (\(new).status, \(new).refund_amount)
                THEN old.settle_at ELSE now() END,
            settle_attempts = CASE WHEN (old.status, old.refund_amount) = (\(new).status, \(new).refund_amount)
                THEN old.settle_attempts ELSE 0 END
        """
    }

    /// A stray payment that is due or refunded is not overwritten by what an outbox contains about the attempt.
    private static let isOpenToChange = "NOT (old.is_stray AND old.status IN ('REFUND_DUE', 'REFUNDED'))"

    /// Upserts, because `serve` may have inserted the payment in the meantime (`PaymentStore.begin`).
    private static let upsert = """
        INSERT INTO payments AS old (id, booking_id, provider, transaction_id, status, amount, currency,
            booking_version, created_at, updated_at, refund_amount, refunded_amount, trace)
        SELECT n.id, n.booking_id, n.provider, n.transaction_id, n.status, n.amount, n.currency, n.version, n.at, n.at,
            n.refund_amount, n.refunded_amount, n.trace
        FROM \(given)
        ON CONFLICT (id) DO UPDATE SET \(changes("excluded")), booking_version = excluded.booking_version,
            updated_at = excluded.updated_at
        WHERE old.booking_version < excluded.booking_version AND \(isOpenToChange)
        """

    private static let update = """
        UPDATE payments AS old SET \(changes("n")), booking_version = n.version, updated_at = n.at
        FROM \(given)
        WHERE old.id = n.id AND old.booking_version < n.version AND \(isOpenToChange)
        """
}
