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

    /// Reads `tier held sold blocked`; `nil` when it is malformed.
    init?(_ text: Substring) {
        let parts = text.split(separator: " ")
        guard parts.count == 4, let tier = TierID(String(parts[0])), let held = Int(parts[1]),
            let sold = Int(parts[2]), let blocked = Int(parts[3])
        else { return nil }
        self.tier = tier
        self.held = held
        self.sold = sold
        self.blocked = blocked
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
    /// How often a call is repeated while due holds are being returned.
    private static let moreLimit = 64

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
        let arguments = [
            event.description, id.description, tier?.description ?? "", String(quantity), SeatPosition.text(seats),
            idempotency?.fingerprint ?? "",
        ]
        let partition = keys.partition(of: event)
        let record = idempotency.map { keys.idempotency(partition, digest: $0.digest) } ?? keys.meta(partition)
        let reply = try await repeated(functions.block, event, [record], arguments)
        let list = GroupReply.seats(reply.bytes(0)) ?? []
        switch reply.word {
        case "OK":
            guard let tier = reply.text(0).flatMap({ TierID($0) }), let quantity = reply.text(1).flatMap({ Int($0) })
            else { throw InventoryError(.scriptFailed, "block") }
            return .blocked(Block(id: id, tier: tier, quantity: quantity, seats: seats.sorted()))
        case "REPLAY":
            let parts = (reply.text(0) ?? "").split(separator: "|", omittingEmptySubsequences: false)
            guard parts.count == 3, let id = BlockID(String(parts[1])),
                let block = Block(id: id, text: String(parts[2]))
            else { throw InventoryError(.scriptFailed, "block") }
            return .replayed(Block(id: id, tier: block.tier, quantity: block.quantity, seats: block.seats.sorted()))
        case "REUSED": return .keyReused
        case "SOLD_OUT": return .soldOut
        case "SEATS_TAKEN": return .seatsTaken(list)
        case "UNKNOWN_TIER": return .unknownTier
        case "UNKNOWN_SEAT": return .unknownSeats(list)
        case "SEATED": return .seated
        case "MIXED": return .mixed
        case "NO_EVENT": return .noEvent
        default: throw InventoryError(.unavailable, "block: \(reply.word)")
        }
    }

    /// Puts what a block took off sale back.
    ///
    /// - Returns: false when there is no such block (any more).
    public func unblock(_ id: BlockID, event: EventID) async throws(InventoryError) -> Bool {
        let partition = keys.partition(of: event)
        let reply = try await run(
            functions.unblock, partition: partition, keys: [keys.meta(partition)],
            arguments: [event.description, id.description])
        return reply.word == "OK"
    }

    /// Changes the policy of an event that is on sale, and its tiers, in the order of `tiers`.
    public func update(
        _ policy: EventPolicy, tiers: [TierTerms]
    ) async throws(InventoryError) -> UpdateOutcome {
        var arguments = [policy.event.description] + policy.changeableTerms
        for tier in tiers {
            arguments += [
                tier.tier.description, tier.capacity.map { String($0) } ?? "", tier.unitAmount.map { String($0) } ?? "",
                tier.addedKind?.rawValue ?? "",
            ]
        }
        let reply = try await repeated(functions.updateEvent, policy.event, [], arguments)
        switch reply.word {
        case "OK": return .done
        case "COMMITTED":
            return .committed((reply.text(0) ?? "").split(separator: ",").compactMap { CommittedUnits($0) })
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
