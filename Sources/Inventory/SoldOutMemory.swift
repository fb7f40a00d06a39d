import Booking

/// Of which tiers Redis said a moment ago that too little is left, so that a crowd that comes too late costs it little: a
/// value without a clock.
///
/// What is left of a tier is its capacity less what is sold and blocked: no release could satisfy a request for more.
/// What was true less than 50 ms ago is a good answer, for a request that had come a little earlier would have had it.
/// A request for as much as is left, or less, is never answered from here.
struct SoldOutMemory {
    /// How long a refusal is believed, from when its question was sent; nanoseconds.
    static let lifetime: Int64 = 50_000_000
    /// Tiers that are remembered; they are forgotten soon anyway.
    private static let tierLimit = 1000

    private struct Tier: Hashable {
        let event: EventID
        let tier: TierID

        /// The random half of the tier's id tells tiers apart well enough; all four words cost three times as much.
        func hash(into hasher: inout Hasher) { hasher.combine(tier.uuid.low) }
    }

    private struct Refusal {
        let available: Int
        let left: Int
        let until: Int64
    }

    private var refusals: [Tier: Refusal] = [:]

    /// What of a request can be known: units of one tier and nothing else.
    private static func tier(of request: ClaimRequest) -> (tier: Tier, quantity: Int)? {
        guard request.items.count == 1, case .units(let tier, let quantity) = request.items[0] else { return nil }
        return (Tier(event: request.event, tier: tier), quantity)
    }

    /// What Redis would have said to it a moment ago: that nothing, or not enough, is left; `nil` when that is not known.
    ///
    /// - Parameter now: monotonic nanoseconds.
    func refusal(_ request: ClaimRequest, now: Int64) -> ClaimOutcome? {
        guard !refusals.isEmpty, let (tier, quantity) = Self.tier(of: request) else { return nil }
        return refusal(of: quantity, tier: tier.tier, event: tier.event, now: now)
    }

    /// The same of units of one tier.
    func refusal(of quantity: Int, tier: TierID, event: EventID, now: Int64) -> ClaimOutcome? {
        guard !refusals.isEmpty, let refusal = refusals[Tier(event: event, tier: tier)], quantity > refusal.left,
            now < refusal.until
        else { return nil }
        guard refusal.left > 0 else { return .soldOut }
        return .notEnoughLeft(Shortage(wanted: quantity, available: refusal.available, left: refusal.left))
    }

    /// Takes notice of what a claim was told.
    ///
    /// - Parameter asked: when it was sent, monotonic nanoseconds.
    mutating func note(_ request: ClaimRequest, _ outcome: ClaimOutcome, asked: Int64) {
        switch outcome {
        case .soldOut: note(request, available: 0, left: 0, asked: asked)
        case .notEnoughLeft(let shortage):
            note(request, available: shortage.available, left: shortage.left, asked: asked)
        case .held: noteHeld(request)
        default:
            break
        }
    }

    /// Takes notice of a claim that was granted.
    mutating func noteHeld(_ request: ClaimRequest) {
        guard !refusals.isEmpty, let (tier, _) = Self.tier(of: request) else { return }
        refusals[tier] = nil
    }

    private mutating func note(_ request: ClaimRequest, available: Int, left: Int, asked: Int64) {
        guard let (tier, _) = Self.tier(of: request) else { return }
        // An answer that overtook an older one is the newer truth.
        if let known = refusals[tier], known.until > asked + Self.lifetime { return }
        if refusals.count >= Self.tierLimit { refusals.removeAll(keepingCapacity: true) }
        refusals[tier] = Refusal(available: available, left: left, until: asked + Self.lifetime)
    }

    /// Something was done that may give units back.
    mutating func forgetAll() {
        if !refusals.isEmpty { refusals.removeAll(keepingCapacity: true) }
    }
}
