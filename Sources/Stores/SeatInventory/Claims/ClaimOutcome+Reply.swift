import BoxOffice

extension ClaimOutcome {
    /// Parses a claim's answer; `nil` if it is not a valid answer to a claim.
    init?(_ decision: OperationAnswer.Decision) {
        let payload = decision.payload
        let outcome: ClaimOutcome? =
            switch decision.word {
            case "HELD": decision.record.map { .held($0.image, availability: $0.availability) }
            case "EXISTS": decision.record.map { .existing($0.image) }
            case "REPLAY": IdempotencyRecord(claim: payload).map { .replay($0) }
            case "KEY": IdempotencyRecord(payload).map { .replay($0) }
            case "GONE": Self.uuid(payload).map { .gone(BookingID(stored: $0)) }
            case "REUSED": .keyReused
            case "KEY_LIMIT": .keyLimit
            case "SOLD_OUT": .soldOut
            case "NOT_ENOUGH": Shortage(payload).map { .notEnoughLeft($0) }
            case "HELD_BY_OTHERS": Int64(decimal: payload).map { .heldByOthers(retryAt: $0) }
            case "NOT_OPEN": Int64(decimal: payload).map { .notOpen(opensAt: $0) }
            case "CLOSED": .closed
            case "CANCELLED": .eventCancelled
            case "TICKET_LIMIT": Int64(decimal: payload).map { .ticketLimit(Int($0)) }
            case "BOOKING_LIMIT": Int64(decimal: payload).map { .bookingLimit(Int($0)) }
            case "UNKNOWN_TIER": Self.tiers(payload).map { .unknownTiers($0) }
            case "SEATED": Self.tiers(payload).map { .mistaken($0) }
            case "UNKNOWN_SEAT": SeatPosition.list(bytes: payload).map { .unknownSeats($0) }
            case "SEATS_TAKEN": SeatPosition.list(bytes: payload).map { .seatsTaken($0) }
            case "NO_ADJACENT": .noAdjacent
            default: nil
            }
        guard let outcome else { return nil }
        self = outcome
    }

    private static func uuid(_ bytes: ArraySlice<UInt8>) -> UUIDBytes? {
        var reader = ByteReader(bytes)
        let uuid = reader.uuid()
        return reader.isWhole ? uuid : nil
    }

    private static func tiers(_ bytes: ArraySlice<UInt8>) -> [TierID]? {
        guard bytes.count.isMultiple(of: 16) else { return nil }
        var reader = ByteReader(bytes)
        return (0..<bytes.count / 16).map { _ in TierID(reader.uuid()) }
    }
}

extension Shortage {
    /// Parses `wanted|available|left`.
    fileprivate init?(_ text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: "|")
        guard let wanted = reader.integer(Int.self), let available = reader.integer(Int.self),
            let left = reader.integer(Int.self)
        else { return nil }
        self.init(wanted: wanted, available: available, left: left)
    }
}

extension SeatPosition {
    /// Parses seats of three bytes each; `nil` if the last one is incomplete.
    static func list(bytes: ArraySlice<UInt8>) -> [SeatPosition]? {
        guard bytes.count.isMultiple(of: BookingLayout.seatWidth) else { return nil }
        var reader = ByteReader(bytes)
        return reader.seats(bytes.count / BookingLayout.seatWidth)
    }
}
