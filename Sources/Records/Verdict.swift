public import Booking
public import PostgresClient

/// A booking that PostgreSQL refused, because others have what it took.
public struct Verdict: Sendable {
    /// The booking.
    public let booking: BookingID
    /// Its event.
    public let event: EventID
    /// The version that was refused.
    public let version: Int64
    /// The entry that said so.
    public let entry: StreamID
    /// What it would have violated.
    public let rule: String
    /// Trace context and id of the request that made the refused version.
    public let trace: String?

    /// A verdict.
    public init(
        booking: BookingID, event: EventID, version: Int64, entry: StreamID, rule: String, trace: String? = nil
    ) {
        self.booking = booking
        self.event = event
        self.version = version
        self.entry = entry
        self.rule = rule
        self.trace = trace
    }

    func statement() -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO verdicts (booking_id, partition, event_id, version, stream_ms, stream_seq, rule, trace)
            VALUES ($1::uuid, $2::integer, $3::uuid, $4::bigint, $5::bigint, $6::bigint, $7::text, $8::text)
            ON CONFLICT DO NOTHING
            """,
            [
                .text(booking.description), .integer(Int64(booking.partition.number)), .text(event.description),
                .integer(version), .integer(entry.milliseconds), .integer(entry.sequence), .text(rule),
                .optionalText(trace),
            ])
    }
}

/// Verdicts in PostgreSQL; one per loop.
public final class VerdictStore {
    private let pool: PostgresPool

    /// On a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Which of these bookings were refused before.
    public func known(_ bookings: [BookingID]) async throws(PostgresError) -> Set<BookingID> {
        guard !bookings.isEmpty else { return [] }
        let found = try await traces(
            "WHERE booking_id = ANY ($1::uuid[])", [.textArray(bookings.map(\.description))])
        return Set(found.keys)
    }

    /// Bookings of partitions that Redis was not told of yet, some of them; with trace context and id of the request
    /// that made each, where that is known.
    public func open(in partitions: [Partition]) async throws(PostgresError) -> [BookingID: String?] {
        try await traces(
            "WHERE overruled_at IS NULL AND partition = ANY ($1::integer[]) LIMIT 100",
            [.integerArray(partitions.map { Int64($0.number) })])
    }

    /// Redis was told.
    public func overruled(_ booking: BookingID) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE verdicts SET overruled_at = now() WHERE booking_id = $1::uuid", [.text(booking.description)])
    }

    /// Whether something of an event was put aside and not replayed: a refusal of what follows proves nothing.
    public func hasDeadLetters(_ event: EventID) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            """
            SELECT EXISTS (SELECT FROM dead_letters
                WHERE replayed_at IS NULL AND starts_with(entry, 'event ' || $1::text)) AS found
            """, [.text(event.description)])
        return try rows.first?.bool("found") ?? false
    }

    private func traces(
        _ condition: String, _ parameters: [PostgresValue]
    ) async throws(PostgresError) -> [BookingID: String?] {
        var traces: [BookingID: String?] = [:]
        for row in try await pool.query("SELECT booking_id, trace FROM verdicts \(condition)", parameters) {
            guard let uuid = UUIDBytes(try row.string("booking_id")) else {
                throw PostgresError.undecodable("verdicts.booking_id")
            }
            traces.updateValue(try row.optionalString("trace"), forKey: BookingID(stored: uuid))
        }
        return traces
    }
}
