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
            return (1...count).map { answer(reply.text($0) ?? "", tiers: tiers) }
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

    private static func answer(_ text: String, tiers: [TierID]) -> Result<ClaimAnswer, InventoryError> {
        let bar = text.firstIndex(of: "|")
        let word = bar.map { text[..<$0] } ?? text[...]
        let rest = bar.map { text[text.index(after: $0)...] } ?? ""
        if word == "MORE" { return .success(.more) }
        if word == "LOST" { return .failure(InventoryError(.outcomeUnknown, "the booking is of another epoch")) }
        guard let outcome = outcome(word, rest, tiers: tiers) else {
            return .failure(InventoryError(.scriptFailed, "reserve: \(word)"))
        }
        return .success(.decided(outcome))
    }

    private static func outcome(_ word: Substring, _ rest: Substring, tiers: [TierID]) -> ClaimOutcome? {
        switch word {
        case "HELD": held(rest)
        case "REPLAY": IdempotencyRecord(text: String(rest)).map { .replay($0) }
        case "EXISTS": existing(rest).map { .existing($0) }
        case "REUSED": .keyReused
        case "KEY_LIMIT": .keyLimit
        case "SOLD_OUT": .soldOut
        case "HELD_BY_OTHERS": Int64(rest).map { .heldByOthers(retryAt: $0) }
        case "NOT_OPEN": Int64(rest).map { .notOpen(opensAt: $0) }
        case "CLOSED": .closed
        case "CANCELLED": .eventCancelled
        case "TICKET_LIMIT": Int(rest).map { .ticketLimit($0) }
        case "BOOKING_LIMIT": Int(rest).map { .bookingLimit($0) }
        case "UNKNOWN_TIER": named(rest, tiers).map { .unknownTiers($0) }
        case "SEATED": named(rest, tiers).map { .mistaken($0) }
        case "UNKNOWN_SEAT": seats(rest).map { .unknownSeats($0) }
        case "SEATS_TAKEN": seats(rest).map { .seatsTaken($0) }
        case "NO_ADJACENT": .noAdjacent
        default: nil
        }
    }

    private static func held(_ rest: Substring) -> ClaimOutcome? {
        guard let bar = rest.firstIndex(of: "|"), let availability = TierAvailability.list(rest[..<bar]),
            let image = BookingImage(text: rest[rest.index(after: bar)...])
        else { return nil }
        return .held(image, availability: availability)
    }

    private static func existing(_ rest: Substring) -> BookingImage? {
        BookingRecord(text: rest)?.image
    }

    private static func named(_ rest: Substring, _ tiers: [TierID]) -> [TierID]? {
        let indexes = rest.split(separator: ",").compactMap { Int($0) }
        guard indexes.allSatisfy({ (1...tiers.count).contains($0) }) else { return nil }
        return indexes.map { tiers[$0 - 1] }
    }

    static func seats(_ rest: Substring) -> [SeatPosition]? {
        SeatPosition.list(rest.replacing(",", with: "+"))
    }
}
