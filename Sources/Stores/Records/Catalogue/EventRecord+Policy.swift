package import BoxOffice

extension EventRecord {
    /// The event in the form for Redis, without tiers whose addition is unfinished.
    ///
    /// - Parameters:
    ///   - clock: the time of the newest change persisted for it, Unix milliseconds.
    ///   - seats: the state of its seats; required if a tier is sold by seat.
    package func policy(clock: Int64, seats: SeatState?) -> EventPolicy {
        EventPolicy(
            event: id, isCancelled: status == "cancelled", opensAt: salesOpenAt,
            closesAt: salesClose.time(startsAt: startsAt), cancelUntil: cancelUntil.time(startsAt: startsAt),
            holdMilliseconds: holdSeconds * 1000, maxTicketsPerUser: maxTicketsPerUser.map { Int($0) },
            maxBookingsPerUser: maxBookingsPerUser.map { Int($0) }, currency: currency, clock: clock,
            tiers: tiers.filter { $0.capacity > 0 }.map { tier in
                TierCounters(
                    tier: tier.id, capacity: tier.capacity,
                    available: tier.capacity - tier.held - tier.sold - tier.blocked, held: tier.held,
                    sold: tier.sold, blocked: tier.blocked, unitAmount: tier.unitAmount,
                    kind: TierKind(rawValue: tier.kind) ?? .general)
            }, seats: seats)
    }
}
