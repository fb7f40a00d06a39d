import BoxOffice

/// The judgement on a claim.
private enum Judgement {
    case refused(ModelAnswer)
    /// The claim gets these seats, replacing these bookings of its owner.
    case granted(seats: [Int], replaced: [ModelBooking])
}

extension ModelInventory {
    /// The answers to a group of claims without keys that no release can satisfy and that no booking answers: it costs
    /// two reads. Nil for any other group.
    func hopeless(_ operations: [ModelOperation], _ event: Int) -> [ModelAnswer]? {
        var answers: [ModelAnswer] = []
        for operation in operations {
            guard case .claim(let claim) = operation.kind, claim.key == nil, !claim.isAgain else { return nil }
            let need = ModelNeed(claim, events[event])
            guard need.permanentRefusal(events[event]) != nil, let answer = refuseAll(need, event) else { return nil }
            answers.append(answer)
        }
        return answers
    }

    /// Judges a claim after those before it in the group.
    mutating func claim(_ claim: ModelClaim, _ operation: ModelOperation, _ event: Int) -> ModelAnswer {
        releaseDue(event)
        let need = ModelNeed(claim, events[event])
        if let known = known(claim, event) { return known }
        switch judge(claim, need, event) {
        case .refused(let answer): return answer
        case .granted(let seats, let replaced): return hold(claim, operation, need, seats, replaced, event)
        }
    }

    /// Replays an earlier answer.
    private func known(_ claim: ModelClaim, _ event: Int) -> ModelAnswer? {
        if let key = claim.key { return known(key, event) }
        guard let booking = bookings[claim.booking] else { return nil }
        guard booking.epoch == events[event].epoch else { return ModelAnswer("LOST") }
        return ModelAnswer("EXISTS", reply(booking, event))
    }

    /// The answer from a key's booking, if a claim used the key today or yesterday.
    private func known(_ key: ModelKey, _ event: Int) -> ModelAnswer? {
        guard let id = events[event].keys.booking(key, now(event)) else { return nil }
        guard let booking = bookings[id], booking.epoch == events[event].epoch else {
            return ModelAnswer("GONE", .tiers([id]))
        }
        guard booking.key == key else { return ModelAnswer("REUSED") }
        if booking.isOneShot, let known = replay(key) { return known }
        return ModelAnswer("REPLAY", reply(booking, event, after: ModelBytes.of { $0.id(id) }))
    }

    /// A record in a reply, after the bytes that precede it.
    func reply(_ booking: ModelBooking, _ event: Int, after before: [UInt8] = []) -> ModelReply {
        let partition = events[event].partition
        return .record(before: before, booking.record, partition: partition, place: booking.entry)
    }

    /// Refusals that apply to every user.
    private func refuseAll(_ need: ModelNeed, _ event: Int) -> ModelAnswer? {
        let state = events[event]
        let now = now(event)
        if !need.unknown.isEmpty { return ModelAnswer("UNKNOWN_TIER", .tiers(need.unknown)) }
        if !need.unknownSeats.isEmpty { return ModelAnswer("UNKNOWN_SEAT", .seats(need.unknownSeats)) }
        if !need.mistaken.isEmpty { return ModelAnswer("SEATED", .tiers(need.mistaken)) }
        if state.policy.isCancelled { return ModelAnswer("CANCELLED") }
        if let opens = state.policy.opens, now < opens { return ModelAnswer("NOT_OPEN", .text(String(opens))) }
        if let closes = state.policy.closes, now >= closes { return ModelAnswer("CLOSED") }
        return need.permanentRefusal(state)
    }

    private func judge(_ claim: ModelClaim, _ need: ModelNeed, _ event: Int) -> Judgement {
        if let answer = refuseAll(need, event) { return .refused(answer) }
        // The user's own holds of these seats do not block the claim; they count as released during the judgement.
        var state = events[event]
        let replaced = bookings.isEmpty ? [] : ownHolds(claim.user, need.named, state)
        for booking in replaced {
            state.move(booking, from: .held, to: .available)
            state.count(booking, -1)
        }
        let now = now(event)
        let hasMore = state.unit.hasMore
        let allowed = state.allows(claim.user, tickets: need.tickets)
        if !allowed.tickets {
            return .refused(ModelAnswer("TICKET_LIMIT", .text(String(state.policy.maxTickets ?? 0))))
        }
        if !allowed.bookings {
            return .refused(ModelAnswer("BOOKING_LIMIT", .text(String(state.policy.maxBookings ?? 0))))
        }
        if claim.key != nil, state.keys.isFull(claim.user, now) { return .refused(ModelAnswer("KEY_LIMIT")) }
        let fits = need.fits(state)
        // A claim of named seats is refused for those first; other claims are refused for the quantity first.
        if fits || !need.named.isEmpty {
            let (seats, answer) = need.seats(in: state)
            guard let seats else { return .refused(hasMore ? ModelAnswer("MORE") : answer) }
            if fits { return .granted(seats: seats, replaced: replaced) }
        }
        let retryAt = events[event].index.retry(after: now)
        return .refused(hasMore ? ModelAnswer("MORE") : ModelAnswer("HELD_BY_OTHERS", .text(String(retryAt))))
    }

    /// The user's unpaid holds that have one of these seats.
    private func ownHolds(_ user: String, _ seats: [Int], _ event: ModelEvent) -> [ModelBooking] {
        guard !seats.isEmpty, let owned = event.totals[user]?.seated else { return [] }
        return owned.sorted().compactMap { bookings[$0] }.filter { booking in
            booking.epoch == event.epoch && booking.status == .reserved
                && booking.items.contains { !Set($0.seats).isDisjoint(with: seats) }
        }
    }

    private mutating func hold(
        _ claim: ModelClaim, _ operation: ModelOperation, _ need: ModelNeed, _ seats: [Int],
        _ replaced: [ModelBooking], _ event: Int
    ) -> ModelAnswer {
        for booking in replaced { replace(booking, event) }
        let state = events[event]
        let now = now(event)
        var booking = ModelBooking(
            id: claim.booking, event: state.id, user: claim.user, currency: state.policy.currency, key: claim.key,
            isOneShot: claim.isOneShot,
            items: need.units.map { unit in
                let tier = state.tiers[unit.tier]
                let own = seats.filter { state.rows[$0 / ModelRow.limit].tier == tier.id }
                return .init(tier: tier.id, quantity: unit.quantity, price: tier.price, seats: own.sorted())
            },
            expires: now + state.policy.hold, created: now, epoch: state.epoch)
        events[event].move(booking, from: .available, to: .held)
        events[event].count(booking, 1)
        booking.left = need.units.map { events[event].tiers[$0.tier].available }
        booking = put(booking, event, operation, isClaim: true)
        events[event].unit.claimed.append(booking.id)
        if let key = claim.key {
            events[event].keys.add(key, booking.id, claim.user, now)
            if claim.isOneShot {
                remember(key, state.partition, booking.id, "run|\(now + key.patience)")
            }
        }
        return ModelAnswer("HELD", reply(booking, event))
    }

    private mutating func replace(_ booking: ModelBooking, _ event: Int) {
        var booking = booking
        release(booking, event)
        booking.status = .cancelled
        booking.deadline = 0
        booking.reason = "replaced"
        put(booking, event)
    }
}
