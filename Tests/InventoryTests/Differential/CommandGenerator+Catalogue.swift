import Booking

/// What administrators do.
extension CommandGenerator {
    /// Mostly a new block; now and then one that is there.
    mutating func block(_ partition: Int) -> ScriptStep {
        let caller = caller(partition)
        let event = eventID(partition)
        let state = model.event(event).map { model.events[$0] }
        var block = newName("k")
        if let known = state?.blocks.keys.sorted(), !known.isEmpty, chance(10) { block = pick(known) }
        let what: ModelInventory.Blocked
        let arguments: [String]
        if let state, !state.rows.isEmpty, chance(60) {
            let seats = seats(state, user: pick(users)).sorted().shuffled(using: &random)
            what = .seats(seats)
            arguments = ["", "0", seats.map(String.init).joined(separator: "+")]
        } else {
            let tier = chance(3) ? "t99" : pick(state?.tiers.map(\.id) ?? ["t"])
            let quantity = chance(90) ? number(1...4) : number(1...90)
            what = .units(tier: tier, quantity)
            arguments = [tier, String(quantity), ""]
        }
        let key = key(partition, percent: 30)
        let reply = model.block(caller, event: event, partition: partition, block: block, key: key, what)
        let meta = ModelKeys.meta(partition)
        return ScriptStep(
            .block, keys: [meta, key.map { ModelKeys.record(partition, $0.digest) } ?? meta],
            arguments: [String(caller.epoch), caller.identity, event, block] + arguments + [key?.fingerprint ?? ""],
            reply)
    }

    mutating func unblock(_ partition: Int) -> ScriptStep {
        let caller = caller(partition)
        let event = eventID(partition)
        let known = model.event(event).map { model.events[$0].blocks.keys.sorted() } ?? []
        let block = known.isEmpty || chance(10) ? "k1" : pick(known)
        let reply = model.unblock(caller, event: event, partition: partition, block: block)
        return step(.unblock, caller, partition, [event, block], reply)
    }

    /// Another policy, other capacities and prices, and now and then a further tier; one sold by seat has the seats it
    /// has.
    mutating func updateEvent(_ partition: Int) -> ScriptStep {
        let caller = caller(partition)
        let event = eventID(partition)
        var tiers: [ModelTerms] = []
        let known = model.event(event).map { model.events[$0].tiers } ?? []
        for tier in known where chance(60) {
            let committed = tier.held + tier.sold + tier.blocked
            let capacity = tier.kind == .seated ? tier.capacity : max(0, committed + number(-2...12))
            tiers.append(
                ModelTerms(
                    tier: tier.id, capacity: capacity, price: chance(50) ? tier.price : number(0...5000),
                    isAddition: tier.kind == .general && chance(5)))
        }
        if chance(2) { tiers.append(ModelTerms(tier: "t99", capacity: 1, price: 1)) }
        if known.count < 6, chance(15) {
            tiers.append(
                ModelTerms(tier: newName("t"), capacity: number(1...20), price: number(0...5000), isAddition: true))
        }
        let policy = policy()
        let reply = model.update(caller, event: event, partition: partition, policy, tiers: tiers)
        let changes = tiers.flatMap {
            [$0.tier, String($0.capacity), String($0.price), $0.isAddition ? "general" : ""]
        }
        return step(.updateEvent, caller, partition, [event] + policy.arguments + changes, reply)
    }

    mutating func seatMap(_ partition: Int) -> ScriptStep {
        let event = eventID(partition)
        let sequence = model.event(event).map { model.events[$0].sequence } ?? 0
        let known = pick(["", String(sequence), String(sequence - 1)])
        let keys = [
            ModelKeys.meta(partition), ModelKeys.event(partition, event), ModelKeys.seatMap(partition, event),
        ]
        let reply = model.seatMap(event: event, partition: partition, known: known)
        return ScriptStep(.seatMap, keys: keys, arguments: [known], reply)
    }

    private func step(
        _ script: FunctionName, _ caller: ModelCaller, _ partition: Int, _ rest: [String], _ reply: [ModelReply]
    ) -> ScriptStep {
        ScriptStep(
            script, keys: [ModelKeys.meta(partition)], arguments: [String(caller.epoch), caller.identity] + rest, reply)
    }
}

extension ModelPolicy {
    /// As scripts take it, from the status to the limits.
    var arguments: [String] {
        func optional(_ value: Int?) -> String { value.map(String.init) ?? "" }
        return [
            isCancelled ? "cancelled" : "published", optional(opens), optional(closes), optional(cancels), String(hold),
            optional(maxTickets), optional(maxBookings),
        ]
    }
}
