import BoxOffice
import PostgresClient

/// Bookings and their lines.
extension NetChange {
    /// Sets the columns that a transition can change. The only one of them in any index is `phase`, which most
    /// transitions leave unchanged; then no index is touched (HOT).
    func update(_ group: [Change], _ partition: PartitionRow) -> PostgresStatement {
        let images = group.lazy.map(\.image)
        var parameters: [PostgresValue] = [
            .integer(partition.epoch), .uuids(group.lazy.map(\.id.uuid)), .texts(images.map(\.status.rawValue)),
            .bigints(images.map(\.version)), .bigints(images.map(\.totalAmount)),
            .moments(images.map(\.expiresAt)), .moments(images.map(\.paymentDeadline)),
            .bigints(images.map { Int64($0.attempts) }), .bigints(images.map { Int64($0.extensions) }),
            .texts(images.map(\.reason)), .moments(images.map(\.updatedAt)), .moments(images.map(\.confirmedAt)),
            .byteas(group.lazy.map { claimed[$0.id] }),
        ]
        guard isGuess else { return PostgresStatement(Self.updateBookings, parameters) }
        parameters += [
            .bigints(group.lazy.map { $0.old?.made.number }), .moments(group.lazy.map { $0.old?.made.at }),
            .integer(Int64(group.count)),
        ]
        return PostgresStatement(Self.updateGuessedBookings, parameters)
    }

    private static let updatedColumns: [ArrayRows.Column] = [
        ("id", "uuid"), ("status", "text"), ("version", "bigint"), ("total_amount", "bigint"),
        ("expires_at", "timestamptz"), ("payment_deadline", "timestamptz"), ("attempts", "bigint"),
        ("extensions", "bigint"), ("reason", "text"), ("updated_at", "timestamptz"), ("confirmed_at", "timestamptz"),
        ("claimed", "bytea"),
    ]
    private static let setColumns = """
        UPDATE bookings AS old SET status = n.status, version = n.version, epoch = $1::bigint,
            total_amount = n.total_amount, expires_at = n.expires_at, payment_deadline = n.payment_deadline,
            attempts = n.attempts::integer, extensions = n.extensions::integer, reason = n.reason,
            updated_at = n.updated_at, confirmed_at = n.confirmed_at, claimed = coalesce(n.claimed, old.claimed)
        """
    private static let updateBookings = """
        \(setColumns)
        FROM \(ArrayRows.named("n", from: 2, updatedColumns)) WHERE old.id = n.id AND old.version < n.version
        """

    /// Updates rows only if all of them equal what this replica persisted.
    private static let updateGuessedBookings = """
        WITH changed AS (\(setColumns)
            FROM \(ArrayRows.named("n", from: 2, updatedColumns + [("was", "bigint"), ("was_at", "timestamptz")]))
            WHERE old.id = n.id AND old.version = n.was AND old.updated_at = n.was_at RETURNING old.id)
        SELECT \(failUnless("count(*) = $16::bigint")) FROM changed
        """

    /// Without ON CONFLICT: if a booking exists already, the statement fails (`bookings_pkey`), and the writer queries
    /// it.
    func insert(_ group: [Change], _ partition: PartitionRow) -> PostgresStatement {
        let images = group.lazy.map(\.image)
        return PostgresStatement(
            Self.insertBookings,
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

    private static let insertedColumns: [ArrayRows.Column] = [
        ("id", "uuid"), ("event_id", "uuid"), ("user_id", "text"), ("status", "text"),
        ("version", "bigint"), ("total_amount", "bigint"), ("currency", "text"), ("expires_at", "timestamptz"),
        ("payment_deadline", "timestamptz"), ("attempts", "bigint"), ("extensions", "bigint"), ("digest", "text"),
        ("reason", "text"), ("created_at", "timestamptz"), ("updated_at", "timestamptz"),
        ("confirmed_at", "timestamptz"), ("claimed", "bytea"),
    ]
    private static let insertBookings = """
        INSERT INTO bookings (id, partition, event_id, user_id, status, version, epoch, total_amount, currency,
            expires_at, payment_deadline, attempts, extensions, exclusive, idempotency_digest, reason, created_at,
            updated_at, confirmed_at, claimed)
        SELECT n.id, $1::integer, n.event_id, n.user_id, n.status, n.version, $2::bigint, n.total_amount, n.currency,
            n.expires_at, n.payment_deadline, n.attempts::integer, n.extensions::integer,
            coalesce((SELECT events.exclusive FROM events WHERE events.id = n.event_id), false),
            n.digest, n.reason, n.created_at, n.updated_at, n.confirmed_at, n.claimed
        FROM \(ArrayRows.named("n", from: 3, insertedColumns))
        """

    private static let linesOfArrays = """
        INSERT INTO booking_items (booking_id, tier_id, position, quantity, unit_amount, seats)
        SELECT i.booking_id, i.tier_id, i.position::integer, i.quantity::integer, i.unit_amount,
            string_to_array(i.seats, '+')::integer[]
        FROM \(ArrayRows.named("i", [
            ("booking_id", "uuid"), ("tier_id", "uuid"), ("position", "bigint"), ("quantity", "bigint"),
            ("unit_amount", "bigint"), ("seats", "text"),
        ]))
        """

    private static func columns(_ lines: [Line]) -> [PostgresValue] {
        let items = lines.lazy.map(\.item)
        return [
            .uuids(lines.lazy.map(\.booking.uuid)), .uuids(items.map(\.tier.uuid)),
            .bigints(lines.lazy.map { Int64($0.position) }), .bigints(items.map { Int64($0.quantity) }),
            .bigints(items.map(\.unitAmount)), .texts(items.map { SeatPosition.text($0.seats) }),
        ]
    }

    /// Inserts the lines of new bookings.
    static func insert(_ lines: [Line]) -> PostgresStatement { PostgresStatement(linesOfArrays, columns(lines)) }

    /// Inserts or updates lines whose quantity changed.
    static func upsert(_ lines: [Line]) -> PostgresStatement {
        PostgresStatement(
            """
            \(linesOfArrays)
            ON CONFLICT (booking_id, tier_id) DO UPDATE SET quantity = excluded.quantity, seats = excluded.seats
            """, columns(lines))
    }

    /// Deletes lines that were cancelled completely.
    func deleteLines() -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM booking_items
            USING \(ArrayRows.named("gone", [("booking_id", "uuid"), ("tier_id", "uuid")]))
            WHERE booking_items.booking_id = gone.booking_id AND booking_items.tier_id = gone.tier_id
            """, [.uuids(removedLines.lazy.map(\.booking.uuid)), .uuids(removedLines.lazy.map(\.tier.uuid))])
    }
}
