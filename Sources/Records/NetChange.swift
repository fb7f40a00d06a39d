import Booking
import PostgresClient

/// The difference between a batch's final images and the rows that are there, as set-based statements.
///
/// A tier's counters change by the sum of what its bookings now own less what they owned, so that they are the sum over
/// bookings by construction. They are never upserted as differences: CHECK would judge the difference.
struct NetChange {
    /// What a batch makes of one booking.
    struct Change {
        let id: BookingID
        let image: BookingImage
        /// What PostgreSQL has of it; `nil` when there is no row.
        let old: KnownBooking?

        var isNew: Bool { old == nil }
    }

    /// A line of a booking.
    struct Line {
        let booking: BookingID
        let position: Int
        let item: BookingItem
    }

    /// Bookings that become what the batch says; of others PostgreSQL has a later version.
    let changed: [Change]
    /// What their claims were answered, of those of which it is known.
    let claimed: [BookingID: [UInt8]]
    let payments: [(id: PaymentID, value: Batch.Payment)]
    /// Those of them that PostgreSQL is known to have.
    let knownPayments: Set<PaymentID>
    let blocked: [(event: EventID, block: Block)]
    let unblocked: [BlockID]
    /// Whether a booking that changes has or had seats.
    private(set) var hasSeats = false
    /// Lines of bookings that are new.
    private(set) var newLines: [Line] = []
    /// Lines of others, where they are not as they were.
    private(set) var changedLines: [Line] = []
    /// Lines that a booking has no more.
    private(set) var goneLines: [(booking: BookingID, tier: TierID)] = []
    private(set) var tiers: TierChanges

    /// Whether what PostgreSQL has is a guess: then it refuses the batch where it has something else.
    let isGuess: Bool

    /// - Parameters:
    ///   - known: what PostgreSQL has of the batch's bookings.
    ///   - payments: those of the batch's payments that PostgreSQL is known to have.
    init(
        _ batch: Batch, known: [BookingID: KnownBooking], payments: Set<PaymentID>, isGuess: Bool = false
    ) {
        self.isGuess = isGuess
        changed = batch.bookings.compactMap { booking, image in
            let row = known[booking]
            guard row.map(image.replaces) ?? true else { return nil }
            return Change(id: booking, image: image, old: row)
        }
        .sorted { $0.id.uuid < $1.id.uuid }
        claimed = batch.claimed
        self.payments = batch.payments.map { (id: $0.key, value: $0.value) }.sorted { $0.id.uuid < $1.id.uuid }
        knownPayments = payments
        blocked = batch.blocked
        unblocked = batch.unblocked
        tiers = TierChanges(terms: batch.tiers)
        for change in changed {
            compare(change)
        }
    }

    private mutating func compare(_ change: Change) {
        let (image, known) = (change.image, change.old)
        if known?.hasSeats == true { hasSeats = true }
        for (tier, quantity) in known?.lines ?? [] {
            tiers.count(tier, quantity, known?.status ?? image.status, sign: -1)
            if !image.items.contains(where: { $0.tier == tier }) { goneLines.append((change.id, tier)) }
        }
        for (position, item) in image.items.enumerated() {
            tiers.count(item.tier, item.quantity, image.status, sign: 1)
            tiers.note(item.tier, at: image.updatedAt)
            if !item.seats.isEmpty { hasSeats = true }
            let line = Line(booking: change.id, position: position, item: item)
            if known == nil {
                newLines.append(line)
            } else if known?.lines.contains(where: { $0 == (item.tier, item.quantity) }) == false {
                changedLines.append(line)
            }
        }
    }

    /// Releases first, so that a constraint over several bookings is never broken in between.
    func statements(_ partition: PartitionRow) -> [PostgresStatement] {
        let known = changed.filter { !$0.isNew }
        let new = changed.filter(\.isNew)
        var statements: [PostgresStatement] = []
        for group in [known.filter { !$0.image.status.isLive }, known.filter(\.image.status.isLive)]
        where !group.isEmpty {
            statements.append(update(group, partition))
        }
        if !new.isEmpty { statements.append(insert(new, partition)) }
        if !newLines.isEmpty { statements.append(Self.insert(newLines)) }
        if !changedLines.isEmpty { statements.append(Self.upsert(changedLines)) }
        if !goneLines.isEmpty { statements.append(deleteLines()) }
        statements += seats()
        if !blocked.isEmpty || !unblocked.isEmpty { statements += blocks() }
        statements += paymentStatements()
        if !tiers.isEmpty { statements.append(tiers.statement()) }
        return statements
    }
}

extension BookingImage {
    /// Whether it is what becomes of a row. A Redis that lost data, and was not found out yet, may have gone on from before a
    /// confirmation.
    func replaces(_ row: KnownBooking) -> Bool { version > row.made.number && status.follows(row.status) }
}

extension NetChange {
    /// The SQLSTATE of `failUnless`: a division by zero. No statement of a batch divides for any other reason.
    static let wrongGuess = "22012"

    /// Something to select that fails the transaction unless a condition holds.
    static func failUnless(_ condition: String) -> String { "1 / (\(condition))::integer" }
}
