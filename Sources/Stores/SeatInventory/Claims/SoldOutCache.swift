import BoxOffice

/// Caches which tiers Redis reported as short a moment ago, so that a late crowd costs it little: a value without a
/// clock.
///
/// What is left of a tier is its capacity minus sold and blocked units: no release could satisfy a larger request. A
/// result less than 50 ms old is a valid answer, because the request would have got it had it arrived a little earlier.
/// A request for no more than what is left is never answered from here.
struct SoldOutCache {
    /// How long a refusal is valid, from when its request was sent; nanoseconds.
    static let lifetime: Int64 = 50_000_000
    /// Maximum number of cached tiers; entries expire soon anyway.
    private static let tierLimit = 1000

    private struct Tier: Hashable {
        let event: EventID
        let tier: TierID

        /// The random half of the tier's id is distinct enough; hashing all four words costs three times as much.
        func hash(into hasher: inout Hasher) { hasher.combine(tier.uuid.low) }
    }

    private struct Refusal {
        let available: Int
        let left: Int
        let until: Int64
    }

    private var refusals: [Tier: Refusal] = [:]

    /// The tier and quantity of a request for units of one tier only; `nil` for all others.
    private static func tier(of request: ClaimRequest) -> (tier: Tier, quantity: Int)? {
        guard request.items.count == 1, case .units(let tier, let quantity) = request.items[0] else { return nil }
        return (Tier(event: request.event, tier: tier), quantity)
    }

    /// Redis's answer to the request a moment ago: nothing, or not enough, is left; `nil` if it is unknown.
    ///
    /// - Parameter now: monotonic nanoseconds.
    func refusal(_ request: ClaimRequest, now: Int64) -> ClaimOutcome? {
        guard !refusals.isEmpty, let (tier, quantity) = Self.tier(of: request) else { return nil }
        return refusal(of: quantity, tier: tier.tier, event: tier.event, now: now)
    }

    /// Redis's answer for units of one tier.
    func refusal(of quantity: Int, tier: TierID, event: EventID, now: Int64) -> ClaimOutcome? {
        guard !refusals.isEmpty, let refusal = refusals[Tier(event: event, tier: tier)], quantity > refusal.left,
            now < refusal.until
        else { return nil }
        guard refusal.left > 0 else { return .soldOut }
        return .notEnoughLeft(Shortage(wanted: quantity, available: refusal.available, left: refusal.left))
    }

    /// Updates the cache from a claim's outcome.
    ///
    /// - Parameter asked: when the claim was sent, monotonic nanoseconds.
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

    /// Updates the cache after a claim was granted.
    mutating func noteHeld(_ request: ClaimRequest) {
        guard !refusals.isEmpty, let (tier, _) = Self.tier(of: request) else { return }
        refusals[tier] = nil
    }

    private mutating func note(_ request: ClaimRequest, available: Int, left: Int, asked: Int64) {
        guard let (tier, _) = Self.tier(of: request) else { return }
        // The known answer is to a later request.
        if let known = refusals[tier], known.until > asked + Self.lifetime { return }
        if refusals.count >= Self.tierLimit { refusals.removeAll(keepingCapacity: true) }
        refusals[tier] = Refusal(available: available, left: left, until: asked + Self.lifetime)
    }

    /// Clears the cache after an operation that may have released units.
    mutating func forgetAll() {
        if !refusals.isEmpty { refusals.removeAll(keepingCapacity: true) }
    }
}
