import Booking

/// What is said to a request.
private enum Judgement {
    case refused(String)
    /// It gets these seats, in the stead of these bookings of its owner.
    case granted(seats: [Int], replaced: [ModelBooking])
}

extension ModelInventory {
    /// `reserve`: judges each request in order with what those before it left.
    mutating func reserve(
        _ caller: ModelCaller, event id: String, partition: Int, tiers named: [String], _ claims: [ModelClaim]
    ) -> [ModelReply] {
        if let refusal = refusal(partition, caller) { return refusal }
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        guard events[event].epoch == caller.epoch else { return [.text(events[event].missing)] }
        let now = now(event)
        let needs = claims.map { ModelNeed($0, named, events[event]) }
        let answers: [ModelReply]
        let isHopeless = zip(claims, needs).allSatisfy {
            $0.key == nil && !$0.isAgain && $1.hopelessness(events[event]) != nil
        }
        if isHopeless {
            answers = needs.map { refuseAll($0, event).map { .text($0) } ?? .null }
        } else {
            let hasMore = returnLapsed(event) == 64
            answers = zip(claims, needs).map { claim, need in
                if let known = known(claim, partition) { return known }
                switch judge(claim, need, event, hasMore: hasMore) {
                case .refused(let word): return .text(word)
                case .granted(let seats, let replaced): return .text(hold(claim, need, seats, replaced, event))
                }
            }
            finish(event)
        }
        return [.text("OK"), .text(String(now))] + answers
    }

    /// What was told before is told again. The entry that this very call will write has no id yet.
    private func known(_ claim: ModelClaim, _ partition: Int) -> ModelReply? {
        if let (word, record) = replay(claim.key) { return .text(record.map { "\(word)|\($0)" } ?? word) }
        guard let booking = bookings[claim.booking] else { return nil }
        guard booking.epoch == partitions[partition].epoch else { return .text("LOST") }
        return .ending(
            "EXISTS|\(booking.image)|\(booking.epoch)|", partition: partition,
            place: booking.entry == partitions[partition].log.count ? nil : booking.entry)
    }

    /// Why nobody could have it.
    private func refuseAll(_ need: ModelNeed, _ event: Int) -> String? {
        func list(_ word: String, _ numbers: [Int]) -> String? {
            numbers.isEmpty ? nil : "\(word)|" + numbers.map(String.init).joined(separator: ",")
        }
        let state = events[event]
        let now = now(event)
        let wrong =
            list("UNKNOWN_TIER", need.unknown) ?? list("UNKNOWN_SEAT", need.unknownSeats)
            ?? list("SEATED", need.mistaken)
        if let wrong { return wrong }
        if state.policy.isCancelled { return "CANCELLED" }
        if let opens = state.policy.opens, now < opens { return "NOT_OPEN|\(opens)" }
        if let closes = state.policy.closes, now >= closes { return "CLOSED" }
        return need.hopelessness(state)
    }

    private func judge(_ claim: ModelClaim, _ need: ModelNeed, _ event: Int, hasMore: Bool) -> Judgement {
        if let word = refuseAll(need, event) { return .refused(word) }
        // One's own holds of these seats are out of one's way, for as long as the judgement takes.
        var state = events[event]
        let replaced = bookings.isEmpty ? [] : ownHolds(claim.user, need.named, state)
        for booking in replaced {
            state.move(booking, from: .held, to: .available)
            state.count(booking, -1)
        }
        let allowed = state.allows(claim.user, tickets: need.tickets)
        if !allowed.tickets { return .refused("TICKET_LIMIT|\(state.policy.maxTickets ?? 0)") }
        if !allowed.bookings { return .refused("BOOKING_LIMIT|\(state.policy.maxBookings ?? 0)") }
        if claim.key != nil, hasTooManyKeys(event, claim.user) { return .refused("KEY_LIMIT") }
        let fits = need.fits(state)
        // Who names seats hears of those first; others hear first how many there are.
        if fits || !need.named.isEmpty {
            let (seats, word) = need.seats(in: state)
            guard let seats else { return .refused(hasMore ? "MORE" : word) }
            if fits { return .granted(seats: seats, replaced: replaced) }
        }
        return .refused(hasMore ? "MORE" : "HELD_BY_OTHERS|\(events[event].retryAt(after: now(event)))")
    }

    /// The user's holds, not yet paid for, that have one of these seats.
    private func ownHolds(_ user: String, _ seats: [Int], _ event: ModelEvent) -> [ModelBooking] {
        guard !seats.isEmpty, let owned = event.totals[user]?.seated else { return [] }
        return owned.sorted().compactMap { bookings[$0] }.filter { booking in
            booking.epoch == event.epoch && booking.status == .reserved
                && booking.items.contains { !Set($0.seats).isDisjoint(with: seats) }
        }
    }

    private mutating func hold(
        _ claim: ModelClaim, _ need: ModelNeed, _ seats: [Int], _ replaced: [ModelBooking], _ event: Int
    ) -> String {
        for booking in replaced { replace(booking, event) }
        let state = events[event]
        let now = now(event)
        let booking = ModelBooking(
            id: claim.booking, event: state.id, user: claim.user, currency: state.policy.currency,
            digest: claim.key.map { "\($0.digest).\($0.fingerprint)" } ?? "",
            items: need.units.map { unit in
                let tier = state.tiers[unit.tier]
                let own = seats.filter { state.rows[$0 / ModelRow.limit].tier == tier.id }
                return .init(tier: tier.id, quantity: unit.quantity, price: tier.price, seats: own.sorted())
            },
            expires: now + state.policy.hold, created: now, epoch: state.epoch)
        events[event].move(booking, from: .available, to: .held)
        events[event].count(booking, 1)
        let image = put(booking, event, channel: claim.channel, trace: claim.trace)
        let left = need.units.map { "\(events[event].tiers[$0.tier].id)=\(events[event].tiers[$0.tier].available)" }
            .joined(separator: ",")
        if let key = claim.key {
            let rest = claim.answersLater ? "run|\(now + key.patience)" : "claim|\(left)|\(image)"
            remember(key, booking.id, rest, event, claim.user)
        }
        return "HELD|\(left)|\(image)"
    }

    private mutating func replace(_ booking: ModelBooking, _ event: Int) {
        var booking = booking
        events[event].unit.replaced.append(booking.expires)
        release(booking, event)
        booking.status = .cancelled
        booking.deadline = 0
        booking.reason = "replaced"
        _ = put(booking, event)
    }
}
