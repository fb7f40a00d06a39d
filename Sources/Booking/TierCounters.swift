/// How a tier is sold.
public enum TierKind: String, Sendable {
    /// By number.
    case general
    /// By seat.
    case seated
}

/// What one tier has: `capacity = available + held + sold + blocked`.
public struct TierCounters: Sendable, Hashable {
    /// The tier.
    public let tier: TierID
    /// Units in all.
    public var capacity: Int
    /// Units that may be claimed.
    public var available: Int
    /// Units in live holds.
    public var held: Int
    /// Units in confirmed bookings.
    public var sold: Int
    /// Units off sale.
    public var blocked: Int
    /// Minor units of the event's currency, for one.
    public var unitAmount: Int64
    /// How it is sold.
    public var kind: TierKind

    /// A tier's counters.
    public init(
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

    /// Whether the law holds.
    public var isConserved: Bool { capacity == available + held + sold + blocked }
}
