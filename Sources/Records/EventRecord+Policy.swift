public import Booking

extension EventRecord {
    /// The event as Redis is to know it, without tiers whose addition is not finished.
    ///
    /// - Parameters:
    ///   - clock: the newest change written down for it, Unix milliseconds.
    ///   - seats: its seats as they are; needed when a tier is sold by seat.
    public func policy(clock: Int64, seats: SeatState?) -> EventPolicy {
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
