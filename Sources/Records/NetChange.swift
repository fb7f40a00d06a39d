import Booking
import PlantedBugs
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
        /// Whether PostgreSQL has no row of it.
        let isNew: Bool
    }

    /// A line of a booking.
    struct Line {
        let booking: BookingID
        let position: Int
        let item: BookingItem
    }

    private struct Known {
        let version: Int64
        let status: BookingStatus
        var lines: [(tier: TierID, quantity: Int)] = []
        var hasSeats = false
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

    /// - Parameters:
    ///   - versions: the rows there are of the batch's bookings, but for those that are known to have none.
    ///   - items: their lines.
    ///   - payments: ids of the batch's payments that are there, as far as it was asked.
    init(
        _ batch: Batch, versions: PostgresRows?, items: PostgresRows?, payments: PostgresRows?
    ) throws(PostgresError) {
        let known = try Self.known(versions, items)
        // A Redis that lost data, and was not found out yet, may have gone on from before a confirmation.
        changed = batch.bookings.filter { booking, image in
            guard let row = known[booking] else { return true }
            return image.version > row.version && image.status.follows(row.status)
        }
        .map { Change(id: $0.key, image: $0.value, isNew: known[$0.key] == nil) }
        .sorted { $0.id.uuid < $1.id.uuid }
        claimed = batch.claimed
        self.payments = batch.payments.map { (id: $0.key, value: $0.value) }.sorted { $0.id.uuid < $1.id.uuid }
        knownPayments = try Set(payments?.map { (row) throws(PostgresError) in PaymentID(try row.uuid(0)) } ?? [])
        blocked = batch.blocked
        unblocked = batch.unblocked
        tiers = TierChanges(terms: batch.tiers)
        for change in changed {
            compare(change, known[change.id])
        }
    }

    private static func known(
        _ versions: PostgresRows?, _ items: PostgresRows?
    ) throws(PostgresError) -> [BookingID: Known] {
        var known: [BookingID: Known] = [:]
        guard let versions, let items else { return known }
        for row in versions {
            guard let status = BookingStatus(rawValue: try row.string(2)) else {
                throw PostgresError.undecodable("bookings.status")
            }
            known[BookingID(stored: try row.uuid(0))] = Known(version: try row.integer(1), status: status)
        }
        for row in items {
            let booking = BookingID(stored: try row.uuid(0))
            known[booking]?.lines.append((TierID(try row.uuid(1)), Int(try row.integer(2))))
            if try row.integer(3) > 0 { known[booking]?.hasSeats = true }
        }
        return known
    }

    private mutating func compare(_ change: Change, _ known: Known?) {
        let image = change.image
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
