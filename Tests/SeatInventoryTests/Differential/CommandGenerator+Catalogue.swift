import BoxOffice

/// Administrators' operations.
extension CommandGenerator {
    /// Mostly a new block; sometimes an existing one.
    mutating func block(_ partition: Int, _ event: UUIDBytes) -> ModelBlockRequest {
        let event = state.event(event).map { state.events[$0] }
        var block = newID()
        if let known = event?.blocks.keys.sorted(), !known.isEmpty, chance(10) { block = pick(known) }
        let key = moveKey(partition, percent: 30)
        if let event, !event.rows.isEmpty, chance(60) {
            let seats = seats(event, user: pick(users)).sorted().shuffled(using: &random)
            return ModelBlockRequest(block: block, key: key, amount: .seats(seats))
        }
        let tier = chance(3) ? Self.nowhere : pick(event?.tiers.map(\.id) ?? [Self.nowhere])
        let quantity = chance(90) ? number(1...4) : number(1...90)
        return ModelBlockRequest(block: block, key: key, amount: .units(tier: tier, quantity))
    }

    mutating func unblock(_ event: UUIDBytes) -> UUIDBytes {
        let known = state.event(event).map { state.events[$0].blocks.keys.sorted() } ?? []
        return known.isEmpty || chance(10) ? Self.nowhere : pick(known)
    }

    /// Another policy, other capacities and prices, and sometimes another tier; a seated tier keeps its seats.
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
                    tier: tier.id, capacity: chance(80) ? capacity : nil, price: chance(50) ? nil : number(0...5000),
                    isAddition: tier.kind == .general && chance(5)))
        }
        if chance(2) { tiers.append(ModelTerms(tier: Self.nowhere, capacity: 1, price: 1)) }
        if known.count < 6, chance(15) {
            tiers.append(ModelTerms(tier: newID(), capacity: number(1...20), price: number(0...5000), isAddition: true))
        }
        let policy = policy()
        let reply = model.update(caller, event: event, partition: partition, policy, tiers: tiers)
        return .update(caller, event, partition, policy, tiers, reply)
    }

    mutating func seatMap(_ partition: Int) -> ScriptStep {
        let event = eventID(partition)
        let sequence = model.event(event).map { model.events[$0].sequence } ?? 0
        let known = pick(["", String(sequence), String(max(0, sequence - 1))])
        let reply = model.seatMap(event: event, partition: partition, known: known)
        return ScriptStep(
            .seatMap,
            keys: [
                ModelKeys.meta(partition), ModelKeys.event(partition, event), ModelKeys.seatMap(partition, event),
            ], arguments: [Array(known.utf8)], reply)
    }

    mutating func availability(_ partition: Int) -> ScriptStep {
        let event = eventID(partition)
        return ScriptStep(
            .availability, keys: [ModelKeys.meta(partition), ModelKeys.event(partition, event)], arguments: [],
            model.availability(event: event, partition: partition))
    }

    /// Stores the answer to a request with a key.
    mutating func remember(_ partition: Int) -> ScriptStep {
        let caller = caller(partition)
        let booking = bookingIDs[partition].isEmpty ? newBooking(partition) : pick(bookingIDs[partition])
        guard let key = moveKey(partition, percent: 100) else { preconditionFailure("it has a key") }
        let body = pick(["", "{\"a\":1}"])
        let reply = model.remember(caller, partition: partition, booking: booking, key, status: 201, body: body)
        return .remember(caller, partition, booking, key, body, reply)
    }
}
