import BoxOffice
import PostgresClient

/// The difference between a batch's final images and the existing rows, as set-based statements.
///
/// A tier's counters change by what its bookings own now minus what they owned before, so that they are the sum over
/// bookings by construction. They are never upserted as differences: CHECK would be applied to the difference.
struct NetChange {
    /// The change of one booking.
    struct Change {
        let id: BookingID
        let image: Booking
        /// The existing row; `nil` if there is none.
        let old: KnownBooking?

        var isNew: Bool { old == nil }
    }

    /// A line of a booking.
    struct Line {
        let booking: BookingID
        let position: Int
        let item: BookingItem
    }

    /// Bookings that get the batch's image; PostgreSQL has a later version of the others.
    let changed: [Change]
    /// The answers to their claims, where known.
    let claimed: [BookingID: [UInt8]]
    let payments: [(id: PaymentID, value: Batch.Payment)]
    /// Payments that PostgreSQL is known to have.
    let knownPayments: Set<PaymentID>
    let blocked: [(event: EventID, block: Block)]
    let unblocked: [BlockID]
    /// Whether any changed booking has or had seats.
    private(set) var hasSeats = false
    /// Lines of new bookings.
    private(set) var newLines: [Line] = []
    /// Changed lines of existing bookings.
    private(set) var changedLines: [Line] = []
    /// Lines removed from existing bookings.
    private(set) var removedLines: [(booking: BookingID, tier: TierID)] = []
    private(set) var tiers: TierChanges

    /// Whether the existing rows are a guess: then PostgreSQL refuses the batch if its rows differ.
    let isGuess: Bool

    /// - Parameters:
    ///   - known: the existing rows of the batch's bookings.
    ///   - payments: the batch's payments that PostgreSQL is known to have.
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
            if !image.items.contains(where: { $0.tier == tier }) { removedLines.append((change.id, tier)) }
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

    /// Releases come first, so that constraints over several bookings hold after every statement.
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
        if !removedLines.isEmpty { statements.append(deleteLines()) }
        statements += seats()
        if !blocked.isEmpty || !unblocked.isEmpty { statements += blocks() }
        statements += paymentStatements()
        if !tiers.isEmpty { statements.append(tiers.statement()) }
        return statements
    }
}

extension Booking {
    /// Whether this image may replace a row. A Redis that lost data without being noticed yet may have continued from a
    /// state before a confirmation.
    func replaces(_ row: KnownBooking) -> Bool { version > row.made.number && status.follows(row.status) }
}

extension NetChange {
    /// The SQLSTATE of `failUnless`: division by zero. No statement of a batch divides for any other reason.
    static let optimisticFailure = "22012"

    /// A SELECT expression that fails the transaction unless a condition holds.
    static func failUnless(_ condition: String) -> String { "1 / (\(condition))::integer" }
}
