/// How a tier is sold.
package enum TierKind: String, Sendable {
    /// By number.
    case general
    /// By seat.
    case seated
}

/// A tier's counts: `capacity = available + held + sold + blocked`.
package struct TierCounters: Sendable, Hashable {
    package let tier: TierID
    /// Units in all.
    package var capacity: Int
    /// Units that can be claimed.
    package var available: Int
    /// Units in live holds.
    package var held: Int
    /// Units in confirmed bookings.
    package var sold: Int
    /// Units off sale.
    package var blocked: Int
    /// Minor units of the event's currency, per unit.
    package var unitAmount: Int64
    package var kind: TierKind

    package init(
        tier: TierID, capacity: Int, available: Int, held: Int, sold: Int, blocked: Int, unitAmount: Int64,
        kind: TierKind
    ) {
        self.tier = tier
        self.capacity = capacity
        self.available = available
        self.held = held
        self.sold = sold
        self.blocked = blocked
        self.unitAmount = unitAmount
        self.kind = kind
    }

    /// Whether the counts add up to the capacity.
    package var isConserved: Bool { capacity == available + held + sold + blocked }
}
