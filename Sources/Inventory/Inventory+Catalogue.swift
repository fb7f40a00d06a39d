public import Booking
import LuaLibrary
import RedisClient

/// What became of taking something off sale.
public enum BlockOutcome: Sendable {
    /// It is off sale.
    case blocked(Block)
    /// The same request was made before under this key: what it made.
    case replayed(Block)
    /// The key was used by another request.
    case keyReused
    /// Fewer units are free.
    case soldOut
    /// These seats are not free.
    case seatsTaken([SeatPosition])
    /// The tier is not of the event.
    case unknownTier
    /// These seats are not of the event.
    case unknownSeats([SeatPosition])
    /// The tier is sold by seat.
    case seated
    /// The seats are of several tiers.
    case mixed
    /// Redis does not know the event.
    case noEvent
}

/// What became of changing an event that is on sale.
public enum UpdateOutcome: Sendable, Equatable {
    /// It is changed.
    case done
    /// More of these tiers is held, sold or blocked than their new capacity.
    case committed([CommittedUnits])
    /// Redis does not know the event, or the tier.
    case unknown
}

/// Units of a tier that its capacity cannot fall under.
public struct CommittedUnits: Sendable, Equatable {
    /// The tier.
    public let tier: TierID
    /// Units in live holds.
    public let held: Int
    /// Units sold.
    public let sold: Int
    /// Units off sale.
    public let blocked: Int

    /// Reads tiers that follow each other, as `update_event` tells them.
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

/// A tier of a published event that changes, or is added.
public struct TierTerms: Sendable, Equatable {
    /// The tier.
    public let tier: TierID
    /// Its capacity; `nil` when it stays.
    public let capacity: Int?
    /// Its price in minor units; `nil` when it stays.
    public let unitAmount: Int64?
    /// How it is sold, when it is to be added unless it exists.
    public let addedKind: TierKind?

    /// A change.
    public init(tier: TierID, capacity: Int?, unitAmount: Int64?, addedKind: TierKind? = nil) {
        self.tier = tier
        self.capacity = capacity
        self.unitAmount = unitAmount
        self.addedKind = addedKind
    }

    /// The price changes, the capacity changes: as `update_event` has it.
    private static let marks: (capacity: UInt8, price: UInt8) = (1, 2)

    /// As `update_event` takes it.
    func append(to bytes: inout [UInt8]) {
        bytes.append(tier.uuid)
        bytes.append((capacity == nil ? 0 : Self.marks.capacity) | (unitAmount == nil ? 0 : Self.marks.price))
        bytes.append(capacity ?? 0, width: 4)
        bytes.append(unitAmount ?? 0, width: 6)
        bytes.append(addedKind?.code ?? UInt8(ascii: "-"))
    }
}

/// An event's seats as they are.
public enum SeatMapReading: Sendable {
    /// One byte a seat, `|` after each row.
    case map(sequence: Int64, [UInt8])
    /// As the caller has them.
    case unchanged
    /// Redis does not know the event, or is being validated.
    case unknown
}

/// What administrators do to an event that is on sale.
extension Inventory {
    /// How often a call is repeated while due holds are being released.
    static let moreLimit = 64

    /// Takes units of a tier, or seats, off sale. Asking again for the same block is safe.
    ///
    /// - Parameters:
    ///   - tier: `nil` for that of the seats.
    ///   - seats: each once; at most 512; empty for units.
    ///   - idempotency: the request's key, when it has one; recorded together with the block.
    public func block(
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

    /// Puts what a block took off sale back.
    ///
    /// - Returns: false when there is no such block (any more).
    public func unblock(_ id: BlockID, event: EventID) async throws(InventoryError) -> Bool {
        let answer = try await traced(.unblock(id)) { () async throws(InventoryError) in
            try await perform(.unblock(id), of: event, moreLimit: 1, isRepeatable: false)
        }
        guard case .decided(let decision) = answer else { return false }
        return decision.word == "OK"
    }

    /// Changes the policy of an event that is on sale, and its tiers, in the order of `tiers`.
    public func update(
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

    /// What an event's seats are now.
    ///
    /// - Parameter known: the sequence number that the caller has the map of.
    public func seats(_ event: EventID, known: Int64?) async throws(InventoryError) -> SeatMapReading {
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
    /// Reads what a block was told; `nil` when that is nothing it can be told.
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
