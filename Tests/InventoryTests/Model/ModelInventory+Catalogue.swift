import Booking

/// A tier that changes, or is added unless it is there.
struct ModelTerms {
    let tier: String
    let capacity: Int
    let price: Int
    var isAddition = false
}

/// What administrators do to an event that is on sale.
extension ModelInventory {
    /// What takes something off sale: units of a tier, or seats.
    enum Blocked {
        case units(tier: String, Int)
        case seats([Int])
    }

    /// Looks for lapsed holds, has `body` judge and change the event, and writes what became of it down.
    private mutating func change(
        _ caller: ModelCaller, _ id: String, _ partition: Int, sweeps: Bool = true,
        _ body: (inout ModelInventory, _ event: Int, _ hasMore: Bool) -> [ModelReply]
    ) -> [ModelReply] {
        if let refusal = refusal(partition, caller) { return refusal }
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        guard events[event].epoch == caller.epoch else { return [.text(events[event].missing)] }
        let hasMore = sweeps && returnLapsed(event) == 64
        let reply = body(&self, event, hasMore)
        finish(event)
        return reply
    }

    /// `block`
    mutating func block(
        _ caller: ModelCaller, event id: String, partition: Int, block: String, key: ModelKey?, _ what: Blocked
    ) -> [ModelReply] {
        let isKnown = event(id).flatMap { events[$0].blocks[block] } != nil || replay(key) != nil
        return change(caller, id, partition, sweeps: !isKnown) { model, event, hasMore in
            if let (word, record) = model.replay(key) {
                return [.text(word)] + (record.map { [.text($0)] } ?? [])
            }
            let state = model.events[event]
            if let known = state.blocks[block] {
                return [.text("OK"), .text(known.tier), .text(String(known.quantity))]
            }
            let made: ModelBlock
            switch what {
            case .units(let tier, let quantity):
                if let refusal = state.refusal(toBlock: quantity, of: tier) {
                    return [.text(refusal == "SOLD_OUT" && hasMore ? "MORE" : refusal)]
                }
                made = ModelBlock(tier: tier, quantity: quantity, seats: [])
            case .seats(let seats):
                if let refusal = state.refusal(toBlock: seats) {
                    return refusal.first == .text("SEATS_TAKEN") && hasMore ? [.text("MORE")] : refusal
                }
                made = ModelBlock(tier: state.rows[seats[0] / ModelRow.limit].tier, quantity: seats.count, seats: seats)
            }
            model.events[event].move(made.tier, made.quantity, made.seats, from: .available, to: .blocked)
            model.events[event].blocks[block] = made
            model.events[event].unit.note = ModelEntry.Note(name: "bl", text: "\(block),\(made.text)")
            if let key {
                model.records[key.digest] = "\(key.fingerprint)|\(block)|\(made.text)"
                model.touchedRecords.insert(key.digest)
            }
            return [.text("OK"), .text(made.tier), .text(String(made.quantity))]
        }
    }

    /// `unblock`: once.
    mutating func unblock(_ caller: ModelCaller, event id: String, partition: Int, block: String) -> [ModelReply] {
        change(caller, id, partition, sweeps: false) { model, event, _ in
            guard let known = model.events[event].blocks.removeValue(forKey: block) else { return [.text("NO_BLOCK")] }
            model.events[event].move(known.tier, known.quantity, known.seats, from: .blocked, to: .available)
            model.events[event].unit.note = ModelEntry.Note(name: "ub", text: block)
            return [.text("OK")]
        }
    }

    /// `update_event`
    mutating func update(
        _ caller: ModelCaller, event id: String, partition: Int, _ policy: ModelPolicy,
        tiers: [ModelTerms]
    ) -> [ModelReply] {
        change(caller, id, partition) { model, event, hasMore in
            var state = model.events[event]
            var committed: [String] = []
            for terms in tiers {
                if state.tier(terms.tier) == nil {
                    guard terms.isAddition else { return [.text("UNKNOWN_TIER")] }
                    state.tiers.append(
                        ModelTier(id: terms.tier, kind: .general, price: 0, capacity: 0, available: 0, blocked: 0))
                }
                guard let index = state.tier(terms.tier) else { preconditionFailure("it is there") }
                let old = state.tiers[index]
                if terms.capacity < old.held + old.sold + old.blocked {
                    committed.append("\(terms.tier) \(old.held) \(old.sold) \(old.blocked)")
                }
                state.tiers[index].capacity = terms.capacity
                state.tiers[index].available = terms.capacity - old.held - old.sold - old.blocked
                state.tiers[index].price = terms.price
                state.unit.tiers.insert(index)
            }
            guard committed.isEmpty else {
                return hasMore ? [.text("MORE")] : [.text("COMMITTED"), .text(committed.joined(separator: ","))]
            }
            state.policy = policy
            state.unit.changesPolicy = true
            model.events[event] = state
            return [.text("OK")]
        }
    }

    /// `seat_map`: reads, whatever the partition's state.
    func seatMap(event id: String, partition: Int, known: String) -> [ModelReply] {
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        let state = events[event]
        let isOpen = partitions[partition].isOpen && state.epoch == partitions[partition].epoch
        let head = [ModelReply.text(String(state.sequence)), .text(isOpen ? "open" : "recovering")]
        if known == String(state.sequence) { return [.text("SAME")] + head }
        return [.text("OK")] + head + [.text(state.rows.map { $0.text + "|" }.joined())]
    }
}

extension ModelEvent {
    /// Why so many units cannot be taken off sale.
    fileprivate func refusal(toBlock quantity: Int, of id: String) -> String? {
        guard let tier = tier(id).map({ tiers[$0] }) else { return "UNKNOWN_TIER" }
        if tier.kind == .seated { return "SEATED" }
        return tier.available < quantity ? "SOLD_OUT" : nil
    }

    /// Why these seats cannot be taken off sale.
    fileprivate func refusal(toBlock seats: [Int]) -> [ModelReply]? {
        func list(_ word: String, _ seats: [Int]) -> [ModelReply] {
            [.text(word), .text(seats.map(String.init).joined(separator: ","))]
        }
        let unknown = seats.filter { place(of: $0) == nil }
        if !unknown.isEmpty { return list("UNKNOWN_SEAT", unknown) }
        if Set(seats.map { rows[$0 / ModelRow.limit].tier }).count > 1 { return [.text("MIXED")] }
        let gone = seats.filter { place(of: $0) != .available }
        return gone.isEmpty ? nil : list("SEATS_TAKEN", gone)
    }
}
