import BoxOffice

/// A tier to change, or to add unless it exists.
struct ModelTerms {
    let tier: UUIDBytes
    /// nil keeps the value.
    let capacity: Int?
    let price: Int?
    var isAddition = false
}

/// Administrators' operations on an event on sale.
extension ModelInventory {
    mutating func block(_ request: ModelBlockRequest, _ event: Int) -> ModelAnswer {
        if let known = replay(request.key) { return known }
        if let known = events[event].blocks[request.block] { return blocked(known) }
        // One entry can report that a block was removed, but not that it was created again.
        if events[event].unit.unblocked.contains(request.block) { return ModelAnswer("MORE") }
        releaseDue(event)
        let state = events[event]
        let hasMore = state.unit.hasMore
        let made: ModelBlock
        switch request.amount {
        case .units(let tier, let quantity):
            if let refusal = state.refusal(toBlock: quantity, of: tier) {
                return ModelAnswer(refusal == "SOLD_OUT" && hasMore ? "MORE" : refusal)
            }
            made = ModelBlock(tier: tier, quantity: quantity, seats: [])
        case .seats(let seats):
            if let refusal = state.refusal(toBlock: seats) {
                return refusal.word == "SEATS_TAKEN" && hasMore ? ModelAnswer("MORE") : refusal
            }
            made = ModelBlock(tier: state.rows[seats[0] / ModelRow.limit].tier, quantity: seats.count, seats: seats)
        }
        events[event].move(made.tier, made.quantity, made.seats, from: .available, to: .blocked)
        events[event].blocks[request.block] = made
        events[event].unit.blocks.append((request.block, made))
        if let key = request.key {
            let seats = made.seats.map(String.init).joined(separator: "+")
            remember(key, state.partition, request.block, "\(made.tier),\(made.quantity),\(seats)")
        }
        return blocked(made)
    }

    private func blocked(_ block: ModelBlock) -> ModelAnswer {
        let payload = ModelBytes.of { writer in
            writer.id(block.tier)
            writer.raw(String(block.quantity))
        }
        return ModelAnswer("OK", .bytes(payload))
    }

    /// Removes a block; a second call finds none.
    mutating func unblock(_ block: UUIDBytes, _ event: Int) -> ModelAnswer {
        guard let known = events[event].blocks.removeValue(forKey: block) else { return ModelAnswer("NO_BLOCK") }
        events[event].move(known.tier, known.quantity, known.seats, from: .blocked, to: .available)
        events[event].unit.unblocked.append(block)
        return ModelAnswer("OK")
    }

    /// `update_event`
    mutating func update(
        _ caller: ModelCaller, event id: UUIDBytes, partition: Int, _ policy: ModelPolicy, tiers: [ModelTerms]
    ) -> [ModelReply] {
        if let refusal = refusal(partition, caller) { return refusal }
        guard let event = event(id), events[event].partition == partition else { return [.text("NO_EVENT")] }
        guard events[event].epoch == caller.epoch else { return [.text(events[event].missing)] }
        releaseDue(event)
        let hasMore = events[event].unit.hasMore
        let reply = change(event, policy, tiers, hasMore: hasMore)
        _ = finish(event, caller)
        return reply
    }

    private mutating func change(
        _ event: Int, _ policy: ModelPolicy, _ tiers: [ModelTerms], hasMore: Bool
    ) -> [ModelReply] {
        var state = events[event]
        var committed = ModelBytes()
        for terms in tiers {
            if state.tier(terms.tier) == nil {
                guard terms.isAddition else { return [.text("UNKNOWN_TIER")] }
                state.tiers.append(
                    ModelTier(id: terms.tier, kind: .general, price: 0, capacity: 0, available: 0, blocked: 0))
            }
            guard let index = state.tier(terms.tier) else { preconditionFailure("the tier exists") }
            let old = state.tiers[index]
            let capacity = terms.capacity ?? old.capacity
            if capacity < old.held + old.sold + old.blocked {
                committed.id(terms.tier)
                for count in [old.held, old.sold, old.blocked] { committed.number(count, 4) }
            }
            state.tiers[index].capacity = capacity
            state.tiers[index].available = capacity - old.held - old.sold - old.blocked
            state.tiers[index].price = terms.price ?? old.price
            state.unit.tiers.insert(index)
        }
        guard committed.bytes.isEmpty else {
            return hasMore ? [.text("MORE")] : [.text("COMMITTED"), .bytes(committed.bytes)]
        }
        // The currency never changes.
        let currency = state.policy.currency
        state.policy = policy
        state.policy.currency = currency
        state.unit.changesPolicy = true
        events[event] = state
        return [.text("OK")]
    }

    /// `seat_map`: reads only, in any state of the partition.
    func seatMap(event id: UUIDBytes, partition: Int, known: String) -> [ModelReply] {
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        let state = events[event]
        let isOpen = partitions[partition].isOpen && state.epoch == partitions[partition].epoch
        let head = [ModelReply.number(state.sequence), .text(isOpen ? "open" : "recovering")]
        if known == String(state.sequence) { return [.text("SAME")] + head }
        return [.text("OK")] + head + [.bytes(state.map)]
    }
}

extension ModelEvent {
    /// The refusal to take this many units off sale.
    fileprivate func refusal(toBlock quantity: Int, of id: UUIDBytes) -> String? {
        guard let tier = tier(id).map({ tiers[$0] }) else { return "UNKNOWN_TIER" }
        if tier.kind == .seated { return "SEATED" }
        return tier.available < quantity ? "SOLD_OUT" : nil
    }

    /// The refusal to take these seats off sale.
    fileprivate func refusal(toBlock seats: [Int]) -> ModelAnswer? {
        let unknown = seats.filter { place(of: $0) == nil }
        if !unknown.isEmpty { return ModelAnswer("UNKNOWN_SEAT", .seats(unknown)) }
        if Set(seats.map { rows[$0 / ModelRow.limit].tier }).count > 1 { return ModelAnswer("MIXED") }
        let gone = seats.filter { place(of: $0) != .available }
        return gone.isEmpty ? nil : ModelAnswer("SEATS_TAKEN", .seats(gone))
    }
}
