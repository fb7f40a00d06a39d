import BoxOffice
import PostgresClient

/// Seats and blocks.
extension NetChange {
    /// Deletes released seats before inserting taken ones, so that a seat that changes hands within the batch always
    /// has one owner. If another booking has a seat, the primary key refuses the insert.
    func seats() -> [PostgresStatement] {
        let taken = changed.filter { $0.image.status.isLive }.flatMap { booking in
            booking.image.items.flatMap { item in
                item.seats.map { (event: booking.image.event, seat: Int64($0.number), booking: booking.id) }
            }
        }
        guard hasSeats else { return [] }
        let parameters: [PostgresValue] = [
            .uuids(taken.lazy.map(\.event.uuid)), .bigints(taken.lazy.map(\.seat)),
            .uuids(taken.lazy.map(\.booking.uuid)),
        ]
        var statements: [PostgresStatement] = []
        let known = changed.filter { !$0.isNew }
        if !known.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    DELETE FROM event_seats WHERE booking_id = ANY ($4::uuid[])
                    AND (event_id, seat, booking_id) NOT IN (
                        SELECT event_id, seat::integer, booking_id FROM \(Self.takenSeats))
                    """, parameters + [.uuids(known.lazy.map(\.id.uuid))]))
        }
        guard !taken.isEmpty else { return statements }
        statements.append(
            PostgresStatement(
                """
                INSERT INTO event_seats (event_id, seat, booking_id)
                SELECT t.event_id, t.seat::integer, t.booking_id FROM \(Self.takenSeats)
                WHERE NOT EXISTS (
                    SELECT FROM event_seats old WHERE old.event_id = t.event_id AND old.seat = t.seat::integer
                    AND old.booking_id = t.booking_id)
                """, parameters))
        return statements
    }

    private static let takenSeats = ArrayRows.named(
        "t", [("event_id", "uuid"), ("seat", "bigint"), ("booking_id", "uuid")])

    func blocks() -> [PostgresStatement] {
        [
            PostgresStatement(
                """
                INSERT INTO blocks (id, event_id, tier_id, quantity, seats)
                SELECT b.id, b.event_id, b.tier_id, b.quantity, string_to_array(b.seats, '+')::integer[]
                FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[])
                    AS b (id, event_id, tier_id, quantity, seats)
                ON CONFLICT DO NOTHING
                """,
                [
                    .textArray(blocked.map(\.block.id.description)), .textArray(blocked.map(\.event.description)),
                    .textArray(blocked.map(\.block.tier.description)),
                    .integerArray(blocked.map { Int64($0.block.quantity) }),
                    .textArray(blocked.map { SeatPosition.text($0.block.seats) }),
                ]),
            PostgresStatement(
                "UPDATE blocks SET removed = true WHERE id = ANY ($1::uuid[])",
                [.textArray(unblocked.map(\.description))]),
        ]
    }
}
