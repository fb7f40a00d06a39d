import BoxOffice

extension CommandGenerator {
    mutating func claim(_ partition: Int, _ event: UUIDBytes) -> ModelClaim {
        let key = key(event, percent: 30)
        var booking = newBooking(partition)
        // Repeats a request or an id; never an id that only PostgreSQL has.
        if key == nil, !bookingIDs[partition].isEmpty, chance(6) {
            let known = pick(bookingIDs[partition].suffix(chance(50) ? 4 : 1000).map(\.self))
            if state.bookings[known] != nil || durable[partition].bookings[known] == nil { booking = known }
        }
        let user = pick(users)
        let tiers = namedTiers(partition, event)
        var items: [ModelClaim.Item] = []
        var named: Set<Int> = []
        for _ in 0..<(chance(70) ? 1 : number(1...4)) {
            items.append(item(event, tiers, user: user, named: &named))
        }
        return ModelClaim(
            booking: booking, user: user, key: key, isOneShot: key != nil && chance(30), isAgain: chance(5),
            items: items)
    }

    /// Tiers of the event, and sometimes one that the event does not have.
    private mutating func namedTiers(_ partition: Int, _ event: UUIDBytes) -> [UUIDBytes] {
        var tiers = durable[partition].events.first { $0.id == event }?.tiers.map(\.id) ?? []
        if chance(2) || tiers.isEmpty { tiers.append(Self.nowhere) }
        return tiers
    }

    /// Mostly what the tier sells, units or seats; no seat twice.
    private mutating func item(
        _ event: UUIDBytes, _ tiers: [UUIDBytes], user: String, named: inout Set<Int>
    ) -> ModelClaim.Item {
        let tier = pick(tiers)
        let quantity = chance(90) ? number(1...(largeGroups > 5 ? 1 : 3)) : number(1...90)
        let state = self.state.event(event).map { self.state.events[$0] }
        let isSeated = state.flatMap { state in state.tier(tier).map { state.tiers[$0].kind } } == .seated
        guard let state, isSeated != chance(1) else { return .units(tier: tier, quantity) }
        if chance(50) || state.rows.isEmpty {
            return .best(tier: tier, chance(70) ? pick([1, 2, 2, 3, 4, 5]) : quantity)
        }
        let seats = seats(state, user: user).subtracting(named)
        named.formUnion(seats)
        return seats.isEmpty ? .best(tier: tier, quantity) : .seats(seats.sorted().shuffled(using: &random))
    }

    /// Adjacent seats, or some of one of the user's bookings and others; sometimes one that does not exist.
    mutating func seats(_ event: ModelEvent, user: String) -> Set<Int> {
        let row = number(0...event.rows.count - 1)
        let first = number(0...event.rows[row].seats.count - 1)
        var seats = Set(first..<min(first + number(1...4), event.rows[row].seats.count))
        seats = Set(seats.map { row * ModelRow.limit + $0 })
        if chance(40), let owned = event.totals[user]?.seated.sorted(), !owned.isEmpty {
            seats.formUnion(state.bookings[pick(owned)]?.items.flatMap(\.seats).prefix(number(1...3)) ?? [])
        }
        if chance(2) { seats.insert(pick([row * ModelRow.limit + 1000, event.rows.count * ModelRow.limit])) }
        return seats
    }
}
