package import BoxOffice
import LuaLibrary
import RedisClient

/// The result of a block request.
package enum BlockOutcome: Sendable {
    /// It is off sale.
    case blocked(Block)
    /// The same request used this key before: the block that it made.
    case replayed(Block)
    /// Another request used the key.
    case keyReused
    /// Fewer units are free than requested.
    case soldOut
    /// These seats are not free.
    case seatsTaken([SeatPosition])
    /// The event does not have the tier.
    case unknownTier
    /// The event does not have these seats.
    case unknownSeats([SeatPosition])
    /// The tier is sold by seat.
    case seated
    /// The seats are of several tiers.
    case mixed
    /// The event is not in Redis.
    case noEvent
}

/// The result of changing an event that is on sale.
package enum UpdateOutcome: Sendable, Equatable {
    /// It is changed.
    case done
    /// These tiers have more units held, sold or blocked than their new capacity.
    case committed([CommittedUnits])
    /// The event or the tier is not in Redis.
    case unknown
}

/// Units of a tier that its capacity must cover.
package struct CommittedUnits: Sendable, Equatable {
    package let tier: TierID
    /// Units in live holds.
    package let held: Int
    /// Units sold.
    package let sold: Int
    /// Units off sale.
    package let blocked: Int

    /// Parses the concatenated tiers in the reply of `update_event`.
    static func list(_ bytes: ArraySlice<UInt8>) -> [CommittedUnits] {
        var reader = ByteReader(bytes)
        var list: [CommittedUnits] = []
        while !reader.isAtEnd {
            let tier = TierID(reader.uuid())
            let (held, sold, blocked) = (reader.integer(4), reader.integer(4), reader.integer(4))
            guard reader.isSound else { break }
            list.append(CommittedUnits(tier: tier, held: held, sold: sold, blocked: blocked))
        }
        return list
    }
}

/// A change of a published event's tier, or a new tier.
package struct TierTerms: Sendable, Equatable {
    package let tier: TierID
    /// The new capacity; `nil` for no change.
    package let capacity: Int?
    /// The new price in minor units; `nil` for no change.
    package let unitAmount: Int64?
    /// How it is sold, if it is to be added unless it exists.
    package let addedKind: TierKind?

    package init(tier: TierID, capacity: Int?, unitAmount: Int64?, addedKind: TierKind? = nil) {
        self.tier = tier
        self.capacity = capacity
        self.unitAmount = unitAmount
        self.addedKind = addedKind
    }

    /// Bits of `update_event` for a changed capacity and a changed price.
    private static let marks: (capacity: UInt8, price: UInt8) = (1, 2)

    /// The form of `update_event`.
    func append(to bytes: inout [UInt8]) {
        bytes.append(tier.uuid)
        bytes.append((capacity == nil ? 0 : Self.marks.capacity) | (unitAmount == nil ? 0 : Self.marks.price))
        bytes.append(capacity ?? 0, width: 4)
        bytes.append(unitAmount ?? 0, width: 6)
        bytes.append(addedKind?.code ?? UInt8(ascii: "-"))
    }
}

/// The result of reading an event's seats.
package enum SeatMapReading: Sendable {
    /// One byte per seat, `|` after each row.
    case map(sequence: Int64, [UInt8])
    /// The caller's map is current.
    case unchanged
    /// The event is not in Redis, or Redis is being validated.
    case unknown
}

/// Administrative changes of an event that is on sale.
extension Inventory {
    /// How often a call is repeated while due holds are being released.
    static let moreLimit = 64

    /// Takes units of a tier, or seats, off sale. A retry with the same block is safe.
    ///
    /// - Parameters:
    ///   - tier: `nil` for the tier of the seats.
    ///   - seats: each once; at most 512; empty for units.
    ///   - idempotency: the request's key, if it has one; recorded together with the block.
    package func block(
        _ id: BlockID, event: EventID, tier: TierID?, quantity: Int, seats: [SeatPosition],
        idempotency: IdempotentRequest? = nil
    ) async throws(InventoryError) -> BlockOutcome {
        let request = Operation.BlockRequest(
            id: id, tier: tier, quantity: quantity, seats: seats, idempotency: idempotency)
        let answer = try await traced(.block(request)) { () async throws(InventoryError) in
            try await perform(.block(request), of: event, moreLimit: Self.moreLimit, isRepeatable: false)
        }
        switch answer {
        case .noEvent: return .noEvent
        case .decided(let decision):
            guard let outcome = BlockOutcome(decision, to: request) else {
                throw InventoryError(.scriptFailed, "block: \(decision.word)")
            }
            return outcome
        case .more, .staleEpoch: throw InventoryError(.unavailable, "block: due holds are still being released")
        }
    }

    /// Returns a block's units to sale.
    ///
    /// - Returns: false if there is no such block (any more).
    package func unblock(_ id: BlockID, event: EventID) async throws(InventoryError) -> Bool {
        let answer = try await traced(.unblock(id)) { () async throws(InventoryError) in
            try await perform(.unblock(id), of: event, moreLimit: 1, isRepeatable: false)
        }
        guard case .decided(let decision) = answer else { return false }
        return decision.word == "OK"
    }

    /// Changes the policy of an event that is on sale, and its tiers, in the order of `tiers`.
    package func update(
        _ policy: EventPolicy, tiers: [TierTerms]
    ) async throws(InventoryError) -> UpdateOutcome {
        var changes: [UInt8] = []
        for tier in tiers { tier.append(to: &changes) }
        let partition = keys.partition(of: policy.event)
        let functionKeys = [keys.meta(partition), keys.event(policy.event)]
        let arguments = [Array(policy.changeableTermsText.utf8), changes]
        var reply = try await run(functions.updateEvent, partition: partition, keys: functionKeys, bytes: arguments)
        for _ in 0..<Self.moreLimit where reply.word == "MORE" {
            reply = try await run(functions.updateEvent, partition: partition, keys: functionKeys, bytes: arguments)
        }
        switch reply.word {
        case "OK": return .done
        case "COMMITTED": return .committed(CommittedUnits.list(reply.bytes(0)))
        case "NO_EVENT", "UNKNOWN_TIER": return .unknown
        default: throw InventoryError(.unavailable, "update_event: \(reply.word)")
        }
    }

    /// Reads the present state of an event's seats.
    ///
    /// - Parameter known: the sequence number of the map that the caller has.
    package func seats(_ event: EventID, known: Int64?) async throws(InventoryError) -> SeatMapReading {
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            functions.seatMap, keys: [keys.meta(partition), keys.event(event), keys.seatMap(event)],
            arguments: [known.map { String($0) } ?? ""])
        guard reply.word != "NO_EVENT", reply.text(1) == "open", let sequence = reply.integer(0) else {
            return .unknown
        }
        guard reply.word == "OK", let map = reply.rest.last?.bytes else { return .unchanged }
        return .map(sequence: sequence, map)
    }

    private func repeated(
        _ script: RedisFunction, _ event: EventID, _ own: [String], _ arguments: [String]
    ) async throws(InventoryError) -> Reply {
        let partition = keys.partition(of: event)
        let scriptKeys = [keys.meta(partition)] + own
        var reply = try await run(script, partition: partition, keys: scriptKeys, arguments: arguments)
        for _ in 0..<Self.moreLimit where reply.word == "MORE" {
            reply = try await run(script, partition: partition, keys: scriptKeys, arguments: arguments)
        }
        return reply
    }
}

extension BlockOutcome {
    /// Parses the answer to a block request; `nil` if it is not a valid one.
    fileprivate init?(_ decision: OperationAnswer.Decision, to request: Operation.BlockRequest) {
        switch decision.word {
        case "OK":
            var reader = ByteReader(decision.payload)
            let tier = TierID(reader.uuid())
            guard reader.isSound, let quantity = Int64(decimal: reader.remainder) else { return nil }
            self = .blocked(
                Block(id: request.id, tier: tier, quantity: Int(quantity), seats: request.seats.sorted()))
        case "KEY":
            guard let stored = StoredAnswer(decision.payload) else { return nil }
            let id = BlockID(stored.made)
            guard let block = Block(id: id, text: String(decoding: stored.rest, as: UTF8.self)) else { return nil }
            self = .replayed(
                Block(id: id, tier: block.tier, quantity: block.quantity, seats: block.seats.sorted()))
        case "REUSED": self = .keyReused
        case "SOLD_OUT": self = .soldOut
        case "UNKNOWN_TIER": self = .unknownTier
        case "SEATED": self = .seated
        case "MIXED": self = .mixed
        case "SEATS_TAKEN", "UNKNOWN_SEAT":
            guard let seats = SeatPosition.list(bytes: decision.payload) else { return nil }
            self = decision.word == "SEATS_TAKEN" ? .seatsTaken(seats) : .unknownSeats(seats)
        default: return nil
        }
    }
}
