public import PostgresClient

extension BookingStore {
    /// What somebody still has to do something about.
    public struct Open: Sendable {
        /// Payments whose provider has not answered.
        public let pending: Int
        /// Payments that are to be refunded, whole or in part.
        public let refundDue: Int
        /// Entries put aside that nobody has replayed.
        public let deadLetters: Int
    }

    /// Counts it.
    public func open() async throws(PostgresError) -> Open {
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
