import Booking

/// Which tiers Redis said were sold out a moment ago, so that a crowd that comes too late costs it little: a value
/// without a clock.
///
/// Sold out means that no release could satisfy the request: capacity less what is sold and blocked. What was true less
/// than 50 ms ago is a good answer, for a request that had come a little earlier would have had it.
struct SoldOutMemory {
    /// How long a refusal is believed, from when its question was sent; nanoseconds.
    static let lifetime: Int64 = 50_000_000
    /// Tiers that are remembered; they are forgotten soon anyway.
    private static let tierLimit = 1000

    private struct Tier: Hashable {
        let event: EventID
        let tier: TierID
    }

    private struct Refusal {
        let quantity: Int
        let until: Int64
    }

    private var refusals: [Tier: Refusal] = [:]

    /// What of a request can be known: units of one tier and nothing else.
    private static func tier(of request: ClaimRequest) -> (tier: Tier, quantity: Int)? {
        guard request.items.count == 1, case .units(let tier, let quantity) = request.items[0] else { return nil }
        return (Tier(event: request.event, tier: tier), quantity)
    }

    /// Whether Redis refused as much or less of it a moment ago.
    ///
    /// - Parameter now: monotonic nanoseconds.
    func isSoldOut(_ request: ClaimRequest, now: Int64) -> Bool {
        guard !refusals.isEmpty, let (tier, quantity) = Self.tier(of: request), let refusal = refusals[tier] else {
            return false
        }
        return quantity >= refusal.quantity && now < refusal.until
    }

    /// Takes notice of what a claim was told.
    ///
    /// - Parameter asked: when it was sent, monotonic nanoseconds.
    mutating func note(_ request: ClaimRequest, _ outcome: ClaimOutcome, asked: Int64) {
        switch outcome {
        case .soldOut:
            guard let (tier, quantity) = Self.tier(of: request) else { return }
            if let known = refusals[tier], known.until > asked, known.quantity < quantity { return }
            if refusals.count >= Self.tierLimit { refusals.removeAll(keepingCapacity: true) }
            refusals[tier] = Refusal(quantity: quantity, until: asked + Self.lifetime)
        case .held where !refusals.isEmpty:
            if let (tier, _) = Self.tier(of: request) { refusals[tier] = nil }
        default:
            break
        }
    }

    /// Something was done that may give units back.
    mutating func forgetAll() {
        if !refusals.isEmpty { refusals.removeAll(keepingCapacity: true) }
    }
}
