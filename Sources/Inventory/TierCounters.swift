public import Booking

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
        tier: TierID, capacity: Int, available: Int, held: Int, sold: Int, blocked: Int, unitAmount: Int64, kind: TierKind
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

    /// Reads `capacity available held sold blocked price kind`, as the event's hash has it.
    init?(tier: TierID, text: Substring) {
        let part = text.split(separator: " ")
        guard part.count == 7, let capacity = Int(part[0]), let available = Int(part[1]), let held = Int(part[2]),
            let sold = Int(part[3]), let blocked = Int(part[4]), let price = Int64(part[5]),
            let kind = TierKind(rawValue: String(part[6]))
        else { return nil }
        self.init(
            tier: tier, capacity: capacity, available: available, held: held, sold: sold, blocked: blocked,
            unitAmount: price, kind: kind)
    }

    /// Reads `tier capacity …`, as outbox entries have it.
    init?(text: Substring) {
        guard let space = text.firstIndex(of: " "), let tier = TierID(text[..<space]) else { return nil }
        self.init(tier: tier, text: text[text.index(after: space)...])
    }

    var text: String { "\(capacity) \(available) \(held) \(sold) \(blocked) \(unitAmount) \(kind.rawValue)" }

    /// Whether the law holds.
    public var isConserved: Bool { capacity == available + held + sold + blocked }
}

/// An event as Redis is to know it.
public struct EventPolicy: Sendable {
    /// The event.
    public var event: EventID
    /// Whether it was cancelled; only published and cancelled events are in Redis.
    public var isCancelled: Bool
    /// When the sale opens and closes, Unix milliseconds.
    public var opensAt: Int64?
    /// When the sale closes, Unix milliseconds.
    public var closesAt: Int64?
    /// How long a hold lasts.
    public var holdMilliseconds: Int64
    /// Tickets in live bookings that a user may have.
    public var maxTicketsPerUser: Int?
    /// Live bookings that a user may have.
    public var maxBookingsPerUser: Int?
    /// ISO 4217.
    public var currency: String
    /// The highest `updatedAt` written down for it, Unix milliseconds: its clock does not go back behind that.
    public var clock: Int64
    /// Its tiers.
    public var tiers: [TierCounters]

    /// An event's policy.
    public init(
        event: EventID, isCancelled: Bool, opensAt: Int64?, closesAt: Int64?, holdMilliseconds: Int64,
        maxTicketsPerUser: Int?, maxBookingsPerUser: Int?, currency: String, clock: Int64, tiers: [TierCounters]
    ) {
        self.event = event
        self.isCancelled = isCancelled
        self.opensAt = opensAt
        self.closesAt = closesAt
        self.holdMilliseconds = holdMilliseconds
        self.maxTicketsPerUser = maxTicketsPerUser
        self.maxBookingsPerUser = maxBookingsPerUser
        self.currency = currency
        self.clock = clock
        self.tiers = tiers
    }
}

/// What an event has left, as Redis had it at one moment.
public struct Availability: Sendable {
    /// The event's sequence number; rises with every change.
    public let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    public let asOf: Int64
    /// Whether the event is on sale at all and its numbers are trusted.
    public let isOpen: Bool
    /// Its tiers, in no order.
    public let tiers: [TierCounters]
}
