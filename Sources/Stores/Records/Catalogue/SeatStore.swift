package import BoxOffice
package import PostgresClient

/// Events' seats in PostgreSQL; one per loop.
package final class SeatStore {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Separates the seat names of a row; it cannot occur in a name (`VenueLayout`).
    private static let separator = "\u{1f}"

    /// Stores an event's rows, once.
    static func insert(_ map: SeatMap, of event: EventID) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO event_rows (event_id, row, tier_id, section, name, seats)
            SELECT $1::uuid, r.row - 1, r.tier_id, r.section, r.name, string_to_array(r.seats, $6::text)
            FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
                AS r (tier_id, section, name, seats, row)
            WHERE EXISTS (SELECT FROM tiers WHERE event_id = $1::uuid) ON CONFLICT DO NOTHING
            """,
            [
                .text(event.description), .textArray(map.rows.map(\.tier.description)),
                .textArray(map.rows.map(\.section)), .textArray(map.rows.map(\.name)),
                .textArray(map.rows.map { $0.seats.joined(separator: separator) }), .text(separator),
            ])
    }

    /// An event's rows; `nil` if it has none.
    package func map(of event: EventID) async throws(PostgresError) -> SeatMap? {
        let rows = try await pool.query(
            """
            SELECT tier_id, section, name, array_to_string(seats, $2::text) AS seats FROM event_rows
            WHERE event_id = $1::uuid ORDER BY row
            """, [.text(event.description), .text(Self.separator)]
        ).map { (row) throws(PostgresError) in
            guard let tier = TierID(try row.string("tier_id")) else { throw PostgresError.undecodable("event_rows") }
            // Splits bytes: finding character boundaries would take longer than everything else.
            let seats = try row.string("seats").utf8.split(separator: 0x1f).map { String(Substring($0)) }
            return SeatMap.Row(
                tier: tier, section: try row.string("section"), name: try row.string("name"), seats: seats)
        }
        return rows.isEmpty ? nil : SeatMap(rows: rows)
    }

    /// The persisted state of an event's seats; `nil` if it has none.
    package func state(of event: EventID) async throws(PostgresError) -> SeatState? {
        guard let map = try await map(of: event) else { return nil }
        var taken: [SeatPosition: UInt8] = [:]
        let owned = try await pool.query(
            """
            SELECT s.seat, b.status FROM event_seats s JOIN bookings b ON b.id = s.booking_id
            WHERE s.event_id = $1::uuid
            """, [.text(event.description)])
        for index in 0..<owned.count {
            let seat = SeatPosition(number: Int(try owned[index].integer("seat")))
            taken[seat] = try owned[index].string("status") == "CONFIRMED" ? SeatMap.sold : SeatMap.held
        }
        for block in try await blocks(of: event) {
            for seat in block.seats { taken[seat] = SeatMap.blocked }
        }
        return SeatState(map: map, taken: taken)
    }

    /// Blocks that are not removed.
    package func blocks(of event: EventID) async throws(PostgresError) -> [Block] {
        try await pool.query(
            """
            SELECT id, tier_id, quantity, array_to_string(seats, '+') AS seats FROM blocks
            WHERE event_id = $1::uuid AND NOT removed ORDER BY id
            """, [.text(event.description)]
        ).map { (row) throws(PostgresError) in
            guard let id = BlockID(try row.string("id")), let tier = TierID(try row.string("tier_id")),
                let seats = SeatPosition.list(try row.string("seats"))
            else { throw PostgresError.undecodable("blocks") }
            return Block(id: id, tier: tier, quantity: Int(try row.integer("quantity")), seats: seats)
        }
    }
}
