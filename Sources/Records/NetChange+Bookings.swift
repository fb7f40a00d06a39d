import Booking
import PostgresClient

/// Bookings and their lines.
extension NetChange {
    /// Sets what a transition can change. Everything that is set is in no index but by `phase`, which most transitions
    /// leave as it is: then no index is touched (HOT).
    func update(_ group: [Change], _ partition: PartitionRow) -> PostgresStatement {
        let images = group.lazy.map(\.image)
        return PostgresStatement(
            """
            UPDATE bookings AS old SET status = n.status, version = n.version, epoch = $1::bigint,
                total_amount = n.total_amount, expires_at = n.expires_at, payment_deadline = n.payment_deadline,
                attempts = n.attempts::integer, extensions = n.extensions::integer, reason = n.reason,
                updated_at = n.updated_at, confirmed_at = n.confirmed_at, claimed = coalesce(n.claimed, old.claimed)
            FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[],
                $8::bigint[], $9::bigint[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::bytea[]) AS n (id,
                status, version, total_amount, expires_at, payment_deadline, attempts, extensions, reason, updated_at,
                confirmed_at, claimed)
            WHERE old.id = n.id AND old.version < n.version
            """,
            [
                .integer(partition.epoch), .uuids(group.lazy.map(\.id.uuid)), .texts(images.map(\.status.rawValue)),
                .bigints(images.map(\.version)), .bigints(images.map(\.totalAmount)),
                .moments(images.map(\.expiresAt)), .moments(images.map(\.paymentDeadline)),
                .bigints(images.map { Int64($0.attempts) }), .bigints(images.map { Int64($0.extensions) }),
                .texts(images.map(\.reason)), .moments(images.map(\.updatedAt)), .moments(images.map(\.confirmedAt)),
                .byteas(group.lazy.map { claimed[$0.id] }),
            ])
    }

    /// Plain: a booking that is there already makes it fail (`bookings_pkey`), and is asked about.
    func insert(_ group: [Change], _ partition: PartitionRow) -> PostgresStatement {
        let images = group.lazy.map(\.image)
        return PostgresStatement(
            """
            INSERT INTO bookings (id, partition, event_id, user_id, status, version, epoch, total_amount, currency,
                expires_at, payment_deadline, attempts, extensions, exclusive, idempotency_digest, reason, created_at,
                updated_at, confirmed_at, claimed)
            SELECT n.id, $1::integer, n.event_id, n.user_id, n.status, n.version, $2::bigint, n.total_amount, n.currency,
                n.expires_at, n.payment_deadline, n.attempts::integer, n.extensions::integer,
                coalesce((SELECT events.exclusive FROM events WHERE events.id = n.event_id), false),
                n.digest, n.reason, n.created_at, n.updated_at, n.confirmed_at, n.claimed
            FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
                $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::bigint[], $14::text[], $15::text[],
                $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::bytea[]) AS n (id, event_id, user_id,
                status, version, total_amount, currency, expires_at, payment_deadline, attempts, extensions, digest,
                reason, created_at, updated_at, confirmed_at, claimed)
            """,
            [
                .integer(Int64(partition.partition.number)), .integer(partition.epoch),
                .uuids(group.lazy.map(\.id.uuid)), .uuids(images.map(\.event.uuid)), .texts(images.map(\.user.text)),
                .texts(images.map(\.status.rawValue)), .bigints(images.map(\.version)),
                .bigints(images.map(\.totalAmount)), .texts(images.map(\.currency)),
                .moments(images.map(\.expiresAt)), .moments(images.map(\.paymentDeadline)),
                .bigints(images.map { Int64($0.attempts) }), .bigints(images.map { Int64($0.extensions) }),
                .texts(images.map { $0.key?.description }), .texts(images.map(\.reason)),
                .moments(images.map(\.createdAt)), .moments(images.map(\.updatedAt)),
                .moments(images.map(\.confirmedAt)), .byteas(group.lazy.map { claimed[$0.id] }),
            ])
    }

    private static let linesOfArrays = """
        INSERT INTO booking_items (booking_id, tier_id, position, quantity, unit_amount, seats)
        SELECT i.booking_id, i.tier_id, i.position::integer, i.quantity::integer, i.unit_amount,
            string_to_array(i.seats, '+')::integer[]
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
            AS i (booking_id, tier_id, position, quantity, unit_amount, seats)
        """

    private static func columns(_ lines: [Line]) -> [PostgresValue] {
        let items = lines.lazy.map(\.item)
        return [
            .uuids(lines.lazy.map(\.booking.uuid)), .uuids(items.map(\.tier.uuid)),
            .bigints(lines.lazy.map { Int64($0.position) }), .bigints(items.map { Int64($0.quantity) }),
            .bigints(items.map(\.unitAmount)), .texts(items.map { SeatPosition.text($0.seats) }),
        ]
    }

    /// Lines of new bookings.
    static func insert(_ lines: [Line]) -> PostgresStatement { PostgresStatement(linesOfArrays, columns(lines)) }

    /// Lines that have another quantity than before.
    static func upsert(_ lines: [Line]) -> PostgresStatement {
        PostgresStatement(
            """
            \(linesOfArrays)
            ON CONFLICT (booking_id, tier_id) DO UPDATE SET quantity = excluded.quantity, seats = excluded.seats
            """, columns(lines))
    }

    /// Lines that were cancelled as a whole.
    func deleteLines() -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM booking_items USING unnest($1::uuid[], $2::uuid[]) AS gone (booking_id, tier_id)
            WHERE booking_items.booking_id = gone.booking_id AND booking_items.tier_id = gone.tier_id
            """, [.uuids(goneLines.lazy.map(\.booking.uuid)), .uuids(goneLines.lazy.map(\.tier.uuid))])
    }
}
