import Booking
import PlantedBugs
import PostgresClient

/// The difference between a batch's final images and the rows that are there, as set-based statements.
///
/// A tier's counters change by the sum of what its bookings now own less what they owned, so that they are the sum over
/// bookings by construction. They are never upserted as differences: CHECK would judge the difference.
struct NetChange {
    private struct Owned {
        var held = 0
        var sold = 0
        /// When the latest of its bookings changed, Unix milliseconds.
        var clock: Int64 = 0
    }

    let changed: [(id: BookingID, image: BookingImage)]
    private let payments: [(id: PaymentID, value: Batch.Payment)]
    private let terms: [TierID: Batch.Tier]
    let blocked: [(event: EventID, block: Block)]
    let unblocked: [BlockID]
    /// Whether a booking that changed has or had seats.
    private(set) var hasSeats = false
    private var owned: [TierID: Owned] = [:]
    /// Lines that a booking has no more.
    private var gone: [(booking: String, tier: TierID)] = []

    init(_ batch: Batch, versions: PostgresRows, items: PostgresRows) throws(PostgresError) {
        var old: [String: (version: Int64, status: BookingStatus)] = [:]
        for index in 0..<versions.count {
            let row = versions[index]
            guard let status = BookingStatus(rawValue: try row.string("status")) else {
                throw PostgresError.undecodable("bookings.status")
            }
            old[try row.string("id")] = (try row.integer("version"), status)
        }
        // A Redis that lost data, and was not found out yet, may have gone on from before a confirmation.
        changed = batch.bookings.filter { booking, image in
            guard let row = old[booking.description] else { return true }
            return image.version > row.version && image.status.follows(row.status)
        }
        .map { (id: $0.key, image: $0.value) }
        .sorted { $0.id.uuid < $1.id.uuid }
        payments = batch.payments.map { (id: $0.key, value: $0.value) }.sorted { $0.id.uuid < $1.id.uuid }
        terms = batch.tiers
        blocked = batch.blocked
        unblocked = batch.unblocked
        var lines: [String: Set<TierID>] = [:]
        for (id, image) in changed { lines[id.description] = Set(image.items.map(\.tier)) }
        for index in 0..<items.count {
            let row = items[index]
            let booking = try row.string("booking_id")
            guard let kept = lines[booking], let status = old[booking]?.status,
                let tier = TierID(try row.string("tier_id"))
            else { continue }
            count(tier, Int(try row.integer("quantity")), status, sign: -1)
            if !kept.contains(tier) { gone.append((booking, tier)) }
            if try row.integer("seats") > 0 { hasSeats = true }
        }
        for (_, image) in changed {
            for item in image.items {
                count(item.tier, item.quantity, image.status, sign: 1)
                owned[item.tier, default: Owned()].clock = max(owned[item.tier]?.clock ?? 0, image.updatedAt)
                if !item.seats.isEmpty { hasSeats = true }
            }
        }
    }

    /// Wraps: a quantity beyond PostgreSQL's integers is refused there, with the line it stands in.
    private mutating func count(_ tier: TierID, _ quantity: Int, _ status: BookingStatus, sign: Int) {
        if status.isHeld { owned[tier, default: Owned()].held &+= sign &* quantity }
        if status == .confirmed { owned[tier, default: Owned()].sold &+= sign &* quantity }
    }

    /// Releases first, so that a constraint over several bookings is never broken in between.
    func statements(_ partition: PartitionRow) -> [PostgresStatement] {
        let ended = changed.filter { !$0.image.status.isLive }
        let live = changed.filter { $0.image.status.isLive }
        var statements: [PostgresStatement] = []
        for group in [ended, live] where !group.isEmpty { statements.append(bookings(group, partition)) }
        if !changed.isEmpty { statements.append(items()) }
        if !gone.isEmpty { statements.append(goneItems()) }
        statements += seats()
        if !blocked.isEmpty || !unblocked.isEmpty { statements += blocks() }
        if !payments.isEmpty { statements.append(paymentRows()) }
        if !owned.isEmpty || !terms.isEmpty { statements.append(tiers()) }
        return statements
    }

    private func bookings(
        _ group: [(id: BookingID, image: BookingImage)], _ partition: PartitionRow
    ) -> PostgresStatement {
        let images = group.map(\.image)
        return PostgresStatement(
            Self.upsertBookings,
            [
                .integer(Int64(partition.partition.number)), .integer(partition.epoch),
                .textArray(group.map(\.id.description)), .textArray(images.map(\.event.description)),
                .textArray(images.map(\.user.text)), .textArray(images.map(\.status.rawValue)),
                .integerArray(images.map(\.version)), .integerArray(images.map(\.totalAmount)),
                .textArray(images.map(\.currency)), .integerArray(images.map(\.expiresAt)),
                .integerArray(images.map(\.paymentDeadline)), .integerArray(images.map { Int64($0.attempts) }),
                .integerArray(images.map { Int64($0.extensions) }), .textArray(images.map(\.idempotencyDigest)),
                .textArray(images.map(\.reason)), .integerArray(images.map(\.createdAt)),
                .integerArray(images.map(\.updatedAt)), .integerArray(images.map(\.confirmedAt)),
            ])
    }

    private static let upsertBookings = """
        INSERT INTO bookings AS old (id, partition, event_id, user_id, status, version, epoch, total_amount, currency,
            expires_at, payment_deadline, attempts, extensions, exclusive, idempotency_digest, reason, created_at,
            updated_at, confirmed_at)
        SELECT b.id, $1::integer, b.event_id, b.user_id, b.status, b.version, $2::bigint, b.total_amount, b.currency,
            to_timestamp(b.expires_ms / 1000.0), to_timestamp(b.deadline_ms / 1000.0), b.attempts, b.extensions,
            coalesce((SELECT events.exclusive FROM events WHERE events.id = b.event_id), false),
            b.digest, b.reason, to_timestamp(b.created_ms / 1000.0), to_timestamp(b.updated_ms / 1000.0),
            to_timestamp(b.confirmed_ms / 1000.0)
        FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
            $10::bigint[], $11::bigint[], $12::integer[], $13::integer[], $14::text[], $15::text[], $16::bigint[],
            $17::bigint[], $18::bigint[]) AS b (id, event_id, user_id, status, version, total_amount, currency,
            expires_ms, deadline_ms, attempts, extensions, digest, reason, created_ms, updated_ms, confirmed_ms)
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, version = excluded.version, epoch = excluded.epoch,
            total_amount = excluded.total_amount, expires_at = excluded.expires_at,
            payment_deadline = excluded.payment_deadline, attempts = excluded.attempts,
            extensions = excluded.extensions, reason = excluded.reason, updated_at = excluded.updated_at,
            confirmed_at = excluded.confirmed_at
        WHERE old.version < excluded.version
        """

    private func items() -> PostgresStatement {
        let lines = changed.flatMap { booking in
            booking.image.items.enumerated().map { (booking: booking.id, position: $0.offset, item: $0.element) }
        }
        return PostgresStatement(
            """
            INSERT INTO booking_items (booking_id, tier_id, position, quantity, unit_amount, seats)
            SELECT i.booking_id, i.tier_id, i.position, i.quantity, i.unit_amount,
                string_to_array(i.seats, '+')::integer[]
            FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bigint[], $6::text[])
                AS i (booking_id, tier_id, position, quantity, unit_amount, seats)
            ON CONFLICT (booking_id, tier_id) DO UPDATE SET quantity = excluded.quantity, seats = excluded.seats
            WHERE booking_items.quantity <> excluded.quantity
            """,
            [
                .textArray(lines.map(\.booking.description)), .textArray(lines.map(\.item.tier.description)),
                .integerArray(lines.map { Int64($0.position) }), .integerArray(lines.map { Int64($0.item.quantity) }),
                .integerArray(lines.map(\.item.unitAmount)), .textArray(lines.map { SeatPosition.text($0.item.seats) }),
            ])
    }

    /// Lines that were cancelled as a whole.
    private func goneItems() -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM booking_items USING unnest($1::uuid[], $2::uuid[]) AS gone (booking_id, tier_id)
            WHERE booking_items.booking_id = gone.booking_id AND booking_items.tier_id = gone.tier_id
            """, [.textArray(gone.map(\.booking)), .textArray(gone.map(\.tier.description))])
    }

    private func paymentRows() -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO payments AS old (id, booking_id, provider, transaction_id, status, amount, currency,
                booking_version, created_at, updated_at, refund_amount, refunded_amount, trace)
            SELECT p.id, p.booking_id, p.provider, p.transaction_id, p.status, p.amount, p.currency, p.version,
                to_timestamp(p.at_ms / 1000.0), to_timestamp(p.at_ms / 1000.0), p.refund, p.refunded, p.trace
            FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[]) AS p (id, booking_id, provider,
                transaction_id, status, amount, currency, version, at_ms, refund, refunded, trace)
            ON CONFLICT (id) DO UPDATE SET transaction_id = excluded.transaction_id, status = excluded.status,
                refund_amount = excluded.refund_amount, refunded_amount = excluded.refunded_amount,
                amount = excluded.amount, booking_version = excluded.booking_version,
                updated_at = excluded.updated_at, is_stray = false,
                trace = coalesce(excluded.trace, old.trace),
                settle_at = CASE WHEN (old.status, old.refund_amount) = (excluded.status, excluded.refund_amount)
                    THEN old.settle_at ELSE now() END,
                settle_attempts = CASE WHEN (old.status, old.refund_amount) = (excluded.status, excluded.refund_amount)
                    THEN old.settle_attempts ELSE 0 END
            WHERE old.booking_version < excluded.booking_version
                AND NOT (old.is_stray AND old.status IN ('REFUND_DUE', 'REFUNDED'))
            """,
            [
                .textArray(payments.map(\.id.description)), .textArray(payments.map(\.value.booking.description)),
                .textArray(payments.map(\.value.payment.provider)),
                .textArray(payments.map(\.value.payment.transactionID)),
                .textArray(payments.map(\.value.payment.status.rawValue)),
                .integerArray(payments.map(\.value.payment.amount)),
                .textArray(payments.map(\.value.currency)), .integerArray(payments.map(\.value.version)),
                .integerArray(payments.map(\.value.at)), .integerArray(payments.map(\.value.payment.refundAmount)),
                .integerArray(payments.map(\.value.payment.refundedAmount)),
                .textArray(payments.map(\.value.trace)),
            ])
    }

    private func tiers() -> PostgresStatement {
        let ids = Set(owned.keys).union(terms.keys).sorted { $0.uuid < $1.uuid }
        return PostgresStatement(
            PlantedBug.current == .deltaCounters ? Self.upsertTiers : Self.updateTiers,
            [
                .textArray(ids.map(\.description)), .integerArray(ids.map { Int64(owned[$0]?.held ?? 0) }),
                .integerArray(ids.map { Int64(owned[$0]?.sold ?? 0) }),
                .integerArray(ids.map { terms[$0].map { Int64($0.capacity) } }),
                .integerArray(ids.map { terms[$0].map { Int64($0.blocked) } }),
                .integerArray(ids.map { terms[$0].map(\.unitAmount) }),
                .integerArray(ids.map { owned[$0]?.clock ?? 0 }),
            ])
    }

    private static let updateTiers = """
        UPDATE tiers SET held = tiers.held + n.held, sold = tiers.sold + n.sold,
            capacity = coalesce(n.capacity, tiers.capacity), blocked = coalesce(n.blocked, tiers.blocked),
            unit_amount = coalesce(n.unit_amount, tiers.unit_amount), clock = greatest(tiers.clock, n.clock)
        FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::bigint[], $7::bigint[])
            AS n (id, held, sold, capacity, blocked, unit_amount, clock)
        WHERE tiers.id = n.id
        """

    /// As a planted bug has it: CHECK judges the differences.
    private static let upsertTiers = """
        INSERT INTO tiers AS old
        SELECT t.id, t.event_id, t.position, t.name, t.kind, coalesce(n.unit_amount, t.unit_amount),
            coalesce(n.capacity, t.capacity), n.held, n.sold, coalesce(n.blocked, t.blocked),
            greatest(t.clock, n.clock)
        FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::bigint[], $7::bigint[])
            AS n (id, held, sold, capacity, blocked, unit_amount, clock) JOIN tiers t ON t.id = n.id
        ON CONFLICT (id) DO UPDATE SET held = old.held + excluded.held, sold = old.sold + excluded.sold,
            capacity = excluded.capacity, blocked = excluded.blocked, unit_amount = excluded.unit_amount
        """
}
