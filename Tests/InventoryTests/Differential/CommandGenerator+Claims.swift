import Booking

extension CommandGenerator {
    /// A group of claims, mostly few, up to 64.
    mutating func reserve(_ partition: Int) -> ScriptStep {
        let event = eventID(partition)
        let tiers = namedTiers(partition, event)
        let count = chance(largeGroups) ? number(1...64) : number(1...3)
        let claims = (0..<count).map { _ in claim(partition, event, tiers) }
        let step = reserve(partition, caller(partition), event: event, tiers: tiers, claims)
        for claim in claims where model.bookings[claim.booking] != nil || chance(1) {
            bookingIDs[partition].append(claim.booking)
        }
        return step
    }

    /// `reserve` of these claims.
    mutating func reserve(
        _ partition: Int, _ caller: ModelCaller, event: String, tiers: [String], _ claims: [ModelClaim]
    ) -> ScriptStep {
        let reply = model.reserve(caller, event: event, partition: partition, tiers: tiers, claims)
        return .reserve(partition, caller, event: event, tiers: tiers, claims, reply)
    }

    /// Tiers of the event, one maybe twice, and now and then one that it does not have.
    private mutating func namedTiers(_ partition: Int, _ event: String) -> [String] {
        var tiers = durable[partition].events.first { $0.id == event }?.tiers.map(\.id) ?? []
        tiers.shuffle(using: &random)
        if chance(5) { tiers.append("t99") }
        if chance(3), let first = tiers.first { tiers.append(first) }
        return tiers.isEmpty ? ["t1"] : tiers
    }

    private mutating func claim(_ partition: Int, _ event: String, _ tiers: [String]) -> ModelClaim {
        var booking = newName("b")
        // The same request again, or an id that came back; never one that PostgreSQL alone has.
        if !bookingIDs[partition].isEmpty, chance(6) {
            let known = pick(bookingIDs[partition].suffix(chance(50) ? 4 : 1000).map(\.self))
            if model.bookings[known] != nil || durable[partition].bookings[known] == nil { booking = known }
        }
        let user = pick(users)
        var items: [ModelClaim.Item] = []
        var named: Set<Int> = []
        for _ in 0..<(chance(70) ? 1 : number(1...4)) {
            items.append(item(event, tiers, user: user, named: &named))
        }
        return ModelClaim(
            booking: booking, user: user, key: key(partition, percent: 30), answersLater: chance(30),
            isAgain: chance(5), channel: chance(20) ? "acks" : "", trace: chance(20) ? "00-aa-bb-01" : "",
            items: items)
    }

    /// Mostly what the tier is sold as; no seat twice.
    private mutating func item(
        _ event: String, _ tiers: [String], user: String, named: inout Set<Int>
    ) -> ModelClaim.Item {
        let place = number(1...tiers.count)
        let quantity = chance(90) ? number(1...(largeGroups > 5 ? 1 : 3)) : number(1...90)
        let state = model.event(event).map { model.events[$0] }
        let isSeated = state.flatMap { state in state.tier(tiers[place - 1]).map { state.tiers[$0].kind } } == .seated
        guard let state, isSeated != chance(1) else { return .units(tier: place, quantity) }
        if chance(50) || state.rows.isEmpty {
            return .best(tier: place, chance(70) ? pick([1, 2, 2, 3, 4, 5]) : quantity)
        }
        let seats = seats(state, user: user).subtracting(named)
        named.formUnion(seats)
        return seats.isEmpty ? .best(tier: place, quantity) : .seats(seats.sorted().shuffled(using: &random))
    }

    /// Seats near each other, or some of a booking of the user's and others; now and then one that is not there.
    mutating func seats(_ event: ModelEvent, user: String) -> Set<Int> {
        let row = number(0...event.rows.count - 1)
        let first = number(0...event.rows[row].seats.count - 1)
        var seats = Set(first..<min(first + number(1...4), event.rows[row].seats.count))
        seats = Set(seats.map { row * ModelRow.limit + $0 })
        if chance(40), let owned = event.totals[user]?.seated.sorted(), !owned.isEmpty {
            seats.formUnion(model.bookings[pick(owned)]?.items.flatMap(\.seats).prefix(number(1...3)) ?? [])
        }
        if chance(2) { seats.insert(pick([row * ModelRow.limit + 1000, event.rows.count * ModelRow.limit])) }
        return seats
    }
}

extension ScriptStep {
    /// A call of `reserve`.
    static func reserve(
        _ partition: Int, _ caller: ModelCaller, event: String, tiers: [String], _ claims: [ModelClaim],
        _ reply: [ModelReply]
    ) -> ScriptStep {
        var keys = [
            ModelKeys.meta(partition), ModelKeys.event(partition, event), ModelKeys.seatMap(partition, event),
            ModelKeys.longestRuns(partition, event),
        ]
        keys += claims.map { ModelKeys.booking(partition, $0.booking) }
        keys += claims.compactMap { $0.key.map { ModelKeys.record(partition, $0.digest) } }
        let head = [String(caller.epoch), caller.identity, event, String(claims.count), String(tiers.count)]
        return ScriptStep(.reserve, keys: keys, arguments: head + tiers + claims.flatMap(\.arguments), reply)
    }
}

extension ModelClaim {
    /// As `reserve` takes a request.
    fileprivate var arguments: [String] {
        [
            booking, user, key?.digest ?? "", key?.fingerprint ?? "", answersLater ? "run" : "claim",
            String(key?.patience ?? 0), isAgain ? "1" : "", channel, trace, String(items.count),
        ] + items.flatMap(\.arguments)
    }
}

extension ModelClaim.Item {
    fileprivate var arguments: [String] {
        switch self {
        case .units(let tier, let quantity): ["g", String(tier), String(quantity)]
        case .best(let tier, let quantity): ["b", String(tier), String(quantity)]
        case .seats(let seats): ["s", "0", seats.map(String.init).joined(separator: "+")]
        }
    }
}
