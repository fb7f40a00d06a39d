package import BoxOffice
package import PostgresClient

/// A booking that PostgreSQL refused because other bookings have its units or seats.
package struct Verdict: Sendable {
    package let booking: BookingID
    package let event: EventID
    /// The refused version.
    package let version: Int64
    /// The outbox entry with that version.
    package let entry: StreamID
    /// The constraint that it would have violated.
    package let rule: String
    /// Trace context and id of the request that created the refused version.
    package let trace: String?

    package init(
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

/// Verdicts in PostgreSQL; one store per loop.
package final class VerdictStore {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The bookings among these that already have a verdict.
    package func known(_ bookings: [BookingID]) async throws(PostgresError) -> Set<BookingID> {
        guard !bookings.isEmpty else { return [] }
        let found = try await traces(
            "WHERE booking_id = ANY ($1::uuid[])", [.textArray(bookings.map(\.description))])
        return Set(found.keys)
    }

    /// Some of the partitions' bookings that are not overruled in Redis yet, each with trace context and id of the
    /// request that made it, if known.
    package func open(in partitions: [Partition]) async throws(PostgresError) -> [BookingID: String?] {
        try await traces(
            "WHERE overruled_at IS NULL AND partition = ANY ($1::integer[]) LIMIT 100",
            [.integerArray(partitions.map { Int64($0.number) })])
    }

    /// Records that a booking was overruled in Redis.
    package func overruled(_ booking: BookingID) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE verdicts SET overruled_at = now() WHERE booking_id = $1::uuid", [.text(booking.description)])
    }

    /// Whether an event has dead letters that are not replayed: then a refusal of later changes proves nothing.
    package func hasDeadLetters(_ event: EventID) async throws(PostgresError) -> Bool {
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
