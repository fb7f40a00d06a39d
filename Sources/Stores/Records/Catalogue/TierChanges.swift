import BoxOffice
import PlantedBugs
import PostgresClient

/// A batch's changes of tiers: units owned by their bookings, the time of the last change, and their terms.
struct TierChanges {
    private struct Owned {
        var held = 0
        var sold = 0
        /// When the last of its bookings changed, Unix milliseconds.
        var clock: Int64 = 0
    }

    private var owned: [TierID: Owned] = [:]
    private let terms: [TierID: Batch.Tier]

    init(terms: [TierID: Batch.Tier]) { self.terms = terms }

    var isEmpty: Bool { owned.isEmpty && terms.isEmpty }

    /// Counts units that a booking owns; with a `sign` of -1, units that it owned before.
    ///
    /// Wraps on overflow: a quantity beyond PostgreSQL's integers is refused there, with its line.
    mutating func count(_ tier: TierID, _ quantity: Int, _ status: BookingStatus, sign: Int) {
        if status.isHeld { owned[tier, default: Owned()].held &+= sign &* quantity }
        if status == .confirmed { owned[tier, default: Owned()].sold &+= sign &* quantity }
    }

    /// Records the time of a change of the tier's bookings.
    mutating func note(_ tier: TierID, at milliseconds: Int64) {
        owned[tier, default: Owned()].clock = max(owned[tier]?.clock ?? 0, milliseconds)
    }

    func statement() -> PostgresStatement {
        let ids = Set(owned.keys).union(terms.keys).sorted { $0.uuid < $1.uuid }
        return PostgresStatement(
            PlantedBug.current == .deltaCounters ? Self.upsert : Self.update,
            [
                .uuids(ids.lazy.map(\.uuid)), .bigints(ids.lazy.map { Int64(owned[$0]?.held ?? 0) }),
                .bigints(ids.lazy.map { Int64(owned[$0]?.sold ?? 0) }),
                .bigints(ids.lazy.map { terms[$0].map { Int64($0.capacity) } }),
                .bigints(ids.lazy.map { terms[$0].map { Int64($0.blocked) } }),
                .bigints(ids.lazy.map { terms[$0].map(\.unitAmount) }),
                .bigints(ids.lazy.map { owned[$0]?.clock ?? 0 }),
            ])
    }

    private static let rows = ArrayRows.named(
        "n",
        [
            ("id", "uuid"), ("held", "bigint"), ("sold", "bigint"), ("capacity", "bigint"),
            ("blocked", "bigint"), ("unit_amount", "bigint"), ("clock", "bigint"),
        ])

    private static let update = """
        UPDATE tiers SET held = (tiers.held + n.held)::integer, sold = (tiers.sold + n.sold)::integer,
            capacity = coalesce(n.capacity, tiers.capacity)::integer,
            blocked = coalesce(n.blocked, tiers.blocked)::integer,
            unit_amount = coalesce(n.unit_amount, tiers.unit_amount), clock = greatest(tiers.clock, n.clock)
        FROM \(rows) WHERE tiers.id = n.id
        """

    /// Used by a planted bug: CHECK is applied to the differences.
    private static let upsert = """
        INSERT INTO tiers AS old
        SELECT t.id, t.event_id, t.position, t.name, t.kind, coalesce(n.unit_amount, t.unit_amount),
            coalesce(n.capacity, t.capacity)::integer, n.held::integer, n.sold::integer,
            coalesce(n.blocked, t.blocked)::integer, greatest(t.clock, n.clock)
        FROM \(rows) JOIN tiers t ON t.id = n.id
        ON CONFLICT (id) DO UPDATE SET held = old.held + excluded.held, sold = old.sold + excluded.sold,
            capacity = excluded.capacity, blocked = excluded.blocked, unit_amount = excluded.unit_amount
        """
}
