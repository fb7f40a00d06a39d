import Booking
import RedisClient

/// Reads the answers of `lua/reserve.lua`.
enum GroupReply {
    /// One answer for each of `count` requests, whatever came back.
    static func answers(
        _ result: Result<RedisValue, RedisError>, count: Int, tiers: [TierID]
    ) -> [Result<ClaimAnswer, InventoryError>] {
        let value: RedisValue
        switch result {
        case .failure(let error):
            return Array(repeating: .failure(InventoryError(error)), count: count)
        case .success(let success):
            value = success
        }
        guard let reply = Reply(value) else { return unreadable(count) }
        switch reply.word {
        case "OK":
            guard reply.rest.count == count + 1 else { return unreadable(count) }
            return (1...count).map { answer(reply.bytes($0), tiers: tiers) }
        case "NO_EVENT":
            return Array(repeating: .success(.decided(.noEvent)), count: count)
        case "STALE", "RECOVERING":
            return Array(repeating: .success(.staleEpoch), count: count)
        default:
            return unreadable(count)
        }
    }

    private static func unreadable(_ count: Int) -> [Result<ClaimAnswer, InventoryError>] {
        Array(repeating: .failure(InventoryError(.scriptFailed, "reserve: unreadable reply")), count: count)
    }

    private static func answer(_ text: ArraySlice<UInt8>, tiers: [TierID]) -> Result<ClaimAnswer, InventoryError> {
        var reader = FieldReader(text, separator: "|")
        let word = reader.text() ?? ""
        if word == "MORE" { return .success(.more) }
        if word == "LOST" { return .failure(InventoryError(.outcomeUnknown, "the booking is of another epoch")) }
        guard let outcome = outcome(word, reader.remainder, tiers: tiers) else {
            return .failure(InventoryError(.scriptFailed, "reserve: \(word)"))
        }
        return .success(.decided(outcome))
    }

    private static func outcome(_ word: String, _ rest: ArraySlice<UInt8>, tiers: [TierID]) -> ClaimOutcome? {
        switch word {
        case "HELD": held(rest)
        case "REPLAY": IdempotencyRecord(utf8: rest).map { .replay($0) }
        case "EXISTS": BookingRecord(utf8: rest).map { .existing($0.image) }
        case "REUSED": .keyReused
        case "KEY_LIMIT": .keyLimit
        case "SOLD_OUT": .soldOut
        case "NOT_ENOUGH": shortage(rest).map { .notEnoughLeft($0) }
        case "HELD_BY_OTHERS": number(rest).map { .heldByOthers(retryAt: $0) }
        case "NOT_OPEN": number(rest).map { .notOpen(opensAt: $0) }
        case "CLOSED": .closed
        case "CANCELLED": .eventCancelled
        case "TICKET_LIMIT": number(rest).map { .ticketLimit(Int($0)) }
        case "BOOKING_LIMIT": number(rest).map { .bookingLimit(Int($0)) }
        case "UNKNOWN_TIER": named(rest, tiers).map { .unknownTiers($0) }
        case "SEATED": named(rest, tiers).map { .mistaken($0) }
        case "UNKNOWN_SEAT": seats(rest).map { .unknownSeats($0) }
        case "SEATS_TAKEN": seats(rest).map { .seatsTaken($0) }
        case "NO_ADJACENT": .noAdjacent
        default: nil
        }
    }

    private static func held(_ rest: ArraySlice<UInt8>) -> ClaimOutcome? {
        var reader = FieldReader(rest, separator: "|")
        guard let availability = reader.next().flatMap(TierAvailability.list),
            let image = BookingImage(utf8: reader.remainder)
        else { return nil }
        return .held(image, availability: availability)
    }

    private static func shortage(_ rest: ArraySlice<UInt8>) -> Shortage? {
        var reader = FieldReader(rest, separator: "|")
        guard let wanted = reader.integer(Int.self), let available = reader.integer(Int.self),
            let left = reader.integer(Int.self)
        else { return nil }
        return Shortage(wanted: wanted, available: available, left: left)
    }

    private static func number(_ rest: ArraySlice<UInt8>) -> Int64? {
        var reader = FieldReader(rest, separator: "|")
        return reader.integer(Int64.self)
    }

    private static func named(_ rest: ArraySlice<UInt8>, _ tiers: [TierID]) -> [TierID]? {
        var named: [TierID] = []
        var reader = FieldReader(rest, separator: ",")
        while let index = reader.next().flatMap({ number($0) }) {
            guard (1...Int64(tiers.count)).contains(index) else { return nil }
            named.append(tiers[Int(index) - 1])
        }
        return named
    }

    /// Reads seats joined by commas.
    static func seats(_ rest: ArraySlice<UInt8>) -> [SeatPosition]? {
        SeatPosition.list(ArraySlice(rest.map { $0 == UInt8(ascii: ",") ? UInt8(ascii: "+") : $0 }))
    }
}
