import BoxOffice
import Support

/// SQL that creates events with about a thousand bookings each; one event in fifty is on sale.
struct LargeDatabase {
    /// The events on sale.
    let onSale: [(id: String, tier: String)]
    let sql: String

    private static let bookingsAnEvent = 1000

    init(_ bookings: Int, partitions: Int) throws {
        let count = max(100, bookings / Self.bookingsAnEvent)
        var values: [String] = []
        var onSale: [(id: String, tier: String)] = []
        for number in 1...count {
            let event = EventID(UUIDBytes(high: 0xe000, low: UInt64(number)))
            let tier = TierID(UUIDBytes(high: 0xf000, low: UInt64(number)))
            let isOpen = number.isMultiple(of: 50)
            if isOpen { onSale.append((event.description, tier.description)) }
            let partition = Partition(of: event, count: partitions).number
            values.append("(\(number), '\(event)', '\(tier)', \(partition), \(isOpen))")
        }
        self.onSale = onSale
        sql = """
            SET session_replication_role = replica;
            INSERT INTO settings (name, value) VALUES ('partitions', '\(partitions)') ON CONFLICT DO NOTHING;
            INSERT INTO partitions (id) SELECT generate_series(0, \(partitions - 1)) ON CONFLICT DO NOTHING;
            CREATE TEMP TABLE made (number integer PRIMARY KEY, event uuid, tier uuid, partition integer, open boolean);
            INSERT INTO made VALUES \(values.joined(separator: ","));
            INSERT INTO events (id, number, partition, title, starts_at, sales_close_at, status, currency, hold_seconds)
            SELECT event, number, partition, 'Event ' || number, now() + interval '60 days',
                CASE WHEN NOT open THEN now() - interval '1 day' END, 'published', 'USD', 600 FROM made;
            \(Self.bookings(bookings, count))
            INSERT INTO tiers (id, event_id, position, name, kind, unit_amount, capacity, held, sold, clock)
            SELECT made.tier, made.event, 0, 'Standing', 'general', 1000, 100000,
                count(*) FILTER (WHERE status = 'RESERVED'), count(*) FILTER (WHERE status = 'CONFIRMED'),
                (extract(epoch FROM max(updated_at)) * 1000)::bigint
            FROM made LEFT JOIN bookings ON event_id = event GROUP BY made.tier, made.event;
            ANALYZE
            """
    }

    /// Of 20 bookings one is held, four have expired and the others are sold; one in ten was claimed with a key.
    private static func bookings(_ count: Int, _ events: Int) -> String {
        """
        INSERT INTO bookings (id, partition, event_id, user_id, status, version, epoch, total_amount, currency,
            expires_at, attempts, extensions, exclusive, idempotency_digest, created_at, updated_at, confirmed_at)
        SELECT (lpad(to_hex(1700000000000 + i), 12, '0') || '7' || lpad(to_hex(partition), 3, '0') || '8000'
            || lpad(to_hex(i), 12, '0'))::uuid, partition, event, 'user-' || i % 30011,
            CASE WHEN i / \(events) % 20 = 0 THEN 'RESERVED' WHEN i / \(events) % 20 < 5 THEN 'EXPIRED'
                ELSE 'CONFIRMED' END,
            1, 1, 1000, 'USD', now() + interval '1 day', 0, 0, false,
            CASE WHEN i % 10 = 3 THEN md5(i::text) || '.' || md5('of ' || i) END, now() - interval '2 hours',
            now() - interval '1 hour', now() - interval '1 hour'
        FROM generate_series(1, \(count)) AS i JOIN made ON number = i % \(events) + 1;
        INSERT INTO booking_items (booking_id, tier_id, position, quantity, unit_amount)
        SELECT id, tier, 0, 1, 1000 FROM bookings JOIN made ON event = event_id;
        """
    }
}
