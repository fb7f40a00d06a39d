import BoxOffice

/// Groups of operations on one event.
extension CommandGenerator {
    /// Mostly few operations, up to 64, of all kinds, starting with the given one.
    mutating func group(_ partition: Int, _ first: Kind) -> ScriptStep {
        let event = eventID(partition)
        let caller = caller(partition)
        let count = chance(largeGroups) ? number(1...64) : chance(50) ? 1 : number(1...4)
        // Some groups are of claims only: a hopeless one is refused without lookups.
        let isOfClaims = first == .claim && chance(40)
        var operations: [ModelOperation] = []
        let place = model.event(event)
        let isServed =
            count > 1 && model.refusal(partition, caller) == nil
            && place.map { model.events[$0].epoch == caller.epoch } ?? false
        if isServed { draft = model }
        for number in 0..<count {
            let kind = number == 0 ? first : isOfClaims ? .claim : drawOperation()
            let operation = operation(kind, partition, event)
            operations.append(operation)
            if isServed, let place { _ = draft?.perform(operation, place) }
        }
        draft = nil
        let step = apply(partition, caller, event: event, operations, isFull: chance(3))
        for case .claim(let claim) in operations.map(\.kind) where model.bookings[claim.booking] != nil || chance(1) {
            bookingIDs[partition].append(claim.booking)
        }
        return step
    }

    /// A step that calls `apply` with these operations.
    mutating func apply(
        _ partition: Int, _ caller: ModelCaller, event: UUIDBytes, _ operations: [ModelOperation], isFull: Bool = false
    ) -> ScriptStep {
        let reply = model.apply(caller, event: event, partition: partition, operations, isFull: isFull)
        return ScriptStep(caller, event: event, partition: partition, operations, isFull: isFull, reply)
    }

    private mutating func operation(_ kind: Kind, _ partition: Int, _ event: UUIDBytes) -> ModelOperation {
        let drawn: ModelOperation.Kind =
            switch kind {
            case .claim: .claim(claim(partition, event))
            case .block: .block(block(partition, event))
            case .unblock: .unblock(unblock(event))
            case .expire: .expire
            case .unreadable: .unreadable(unreadable())
            default: .move(move(kind, partition, event))
            }
        return ModelOperation(
            kind: drawn, awaits: kind != .block && kind != .unblock && kind != .expire && chance(20),
            trace: chance(20) ? "00-aa-bb-01" : "")
    }

    /// Operations that are truncated or of an unknown kind.
    private mutating func unreadable() -> [UInt8] {
        let rest: [UInt8] = pick([
            [UInt8(ascii: "?"), 0, 0], [UInt8(ascii: "e"), 0, 0, 1, 2, 3], [UInt8(ascii: "c"), 0, 200],
            Array("x".utf8) + [0, 0] + Array(repeating: 7, count: 16) + [255, 255],
        ])
        return [0, UInt8(rest.count + 2)] + rest
    }
}
