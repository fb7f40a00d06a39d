public import Booking
public import PostgresClient

/// What waits in PostgreSQL for a reconciler, by kind: one question for all of it, which is what a quiet copy asks.
public struct DueWork: Sendable {
    /// Payments to ask about or to refund.
    public let payments: Bool
    /// Charges whose bookings have to be told again.
    public let charges: Bool
    /// Live bookings of cancelled events.
    public let cancelled: Bool
    /// Refused bookings that Redis was not told of.
    public let verdicts: Bool

    /// Everything may be due.
    public static let unknown = DueWork(payments: true, charges: true, cancelled: true, verdicts: true)

    private init(payments: Bool, charges: Bool, cancelled: Bool, verdicts: Bool) {
        self.payments = payments
        self.charges = charges
        self.cancelled = cancelled
        self.verdicts = verdicts
    }

    /// Asks what `PaymentStore.takeDue`, `ChargeStore.takeOpen`, `BookingStore.ofCancelledEvents` and `VerdictStore.open`
    /// would find now.
    ///
    /// - Parameters:
    ///   - partitions: those of this copy, for bookings.
    ///   - provider: who took the money.
    ///   - toldSeconds: see `ChargeStore.takeOpen`.
    ///   - keptSeconds: see `ChargeStore.takeOpen`.
    public static func ask(
        _ pool: PostgresPool, partitions: [Partition], provider: String, toldSeconds: Int64, keptSeconds: Int64
    ) async throws(PostgresError) -> DueWork {
        let rows = try await pool.query(
            question,
            [
                .integerArray(partitions.map { Int64($0.number) }), .text(provider), .integer(toldSeconds),
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
