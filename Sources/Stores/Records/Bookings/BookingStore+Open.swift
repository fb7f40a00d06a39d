package import PostgresClient

extension BookingStore {
    /// Work that is not finished.
    package struct Open: Sendable {
        /// Payments whose provider has not answered.
        package let pending: Int
        /// Payments to be refunded, fully or partly.
        package let refundDue: Int
        /// Dead letters that have not been replayed.
        package let deadLetters: Int
    }

    /// Counts open work.
    package func open() async throws(PostgresError) -> Open {
        let rows = try await pool.query(
            """
            SELECT (SELECT count(*) FROM payments WHERE status = 'PENDING') AS pending,
                (SELECT count(*) FROM payments WHERE status = 'REFUND_DUE')
                + (SELECT count(*) FROM payments WHERE refunded_amount < refund_amount AND status <> 'REFUND_DUE')
                    AS refund_due,
                (SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL) AS dead_letters
            """)
        guard let row = rows.first else { throw PostgresError.undecodable("count") }
        return Open(
            pending: Int(try row.integer("pending")), refundDue: Int(try row.integer("refund_due")),
            deadLetters: Int(try row.integer("dead_letters")))
    }
}
