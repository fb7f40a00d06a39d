package import BoxOffice
package import PostgresClient

/// Which kinds of work PostgreSQL has for a reconciler; an idle replica needs this single query only.
package struct DueWork: Sendable {
    /// Payments to settle or to refund.
    package let payments: Bool
    /// Charges whose bookings must be updated again.
    package let charges: Bool
    /// Live bookings of cancelled events.
    package let cancelled: Bool
    /// Refused bookings that are not overruled in Redis yet.
    package let verdicts: Bool

    /// Any work may be due.
    package static let unknown = DueWork(payments: true, charges: true, cancelled: true, verdicts: true)

    private init(payments: Bool, charges: Bool, cancelled: Bool, verdicts: Bool) {
        self.payments = payments
        self.charges = charges
        self.cancelled = cancelled
        self.verdicts = verdicts
    }

    /// Queries whether `PaymentStore.takeDue`, `ChargeStore.takeOpen`, `BookingStore.ofCancelledEvents` and
    /// `VerdictStore.open` would find anything now.
    ///
    /// - Parameters:
    ///   - partitions: those of this replica, for bookings.
    ///   - provider: the payment provider.
    ///   - reportedSeconds: see `ChargeStore.takeOpen`.
    ///   - keptSeconds: see `ChargeStore.takeOpen`.
    package static func ask(
        _ pool: PostgresPool, partitions: [Partition], provider: String, reportedSeconds: Int64, keptSeconds: Int64
    ) async throws(PostgresError) -> DueWork {
        let rows = try await pool.query(
            question,
            [
                .integerArray(partitions.map { Int64($0.number) }), .text(provider), .integer(reportedSeconds),
                .integer(keptSeconds),
            ])
        guard let row = rows.first else { throw PostgresError.undecodable("due") }
        return DueWork(
            payments: try row.bool("payments"), charges: try row.bool("charges"), cancelled: try row.bool("cancelled"),
            verdicts: try row.bool("verdicts"))
    }

    private static let question = """
        SELECT EXISTS (SELECT FROM payments WHERE (status = 'PENDING' OR refunded_amount < refund_amount)
                AND settle_at <= now() AND provider = $2::text) AS payments,
            EXISTS (SELECT FROM charges WHERE provider = $2::text AND (
                state IN ('told', 'mismatch') AND updated_at <= now() - $3::bigint * interval '1 second'
                OR state = 'unmatched' AND created_at <= now() - $4::bigint * interval '1 second')) AS charges,
            EXISTS (SELECT FROM events e JOIN bookings b ON b.event_id = e.id AND b.phase <= 1
                WHERE e.status = 'cancelled' AND b.partition = ANY ($1::integer[])) AS cancelled,
            EXISTS (SELECT FROM verdicts WHERE overruled_at IS NULL AND partition = ANY ($1::integer[])) AS verdicts
        """
}
