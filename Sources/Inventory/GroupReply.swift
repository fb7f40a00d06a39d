import Booking
import RedisClient

/// What Redis said to one operation of a group, before MORE and lost answers are dealt with.
enum OperationAnswer {
    case decided(Decision)
    /// Due holds were released, others may be due: ask again at once.
    case more
    /// The epoch in memory is not the partition's.
    case staleEpoch
    /// Redis does not know the event.
    case noEvent

    /// A word, and what goes with it: in most cases a booking's record.
    struct Decision {
        let word: String
        let payload: ArraySlice<UInt8>

        /// The record that the payload is; `nil` when it is none.
        var record: BookingRecord? { BookingRecord(payload) }
    }
}

/// Reads the replies of `lua/apply.lua`.
enum GroupReply {
    private typealias Answer = Result<OperationAnswer, InventoryError>

    /// What comes before the operations' answers: the word, Redis's clock, the entry.
    private static let headCount = 3

    /// One answer for each of `count` operations, whatever came back.
    static func answers(
        _ result: Result<RedisValue, RedisError>, count: Int
    ) -> [Result<OperationAnswer, InventoryError>] {
        let value: RedisValue
        switch result {
        case .failure(let error): return Array(repeating: .failure(InventoryError(error)), count: count)
        case .success(let success): value = success
        }
        guard let parts = value.array, let word = parts.first?.string else { return unreadable(count) }
        switch word {
        case "OK": return (0..<count).map { answer(parts, headCount + 2 * $0) }
        case "NO_EVENT": return Array(repeating: .success(.noEvent), count: count)
        case "STALE", "RECOVERING": return Array(repeating: .success(.staleEpoch), count: count)
        default: return unreadable(count)
        }
    }

    private static func unreadable(_ count: Int) -> [Answer] {
        Array(repeating: .failure(InventoryError(.scriptFailed, "apply: unreadable reply")), count: count)
    }

    private static func answer(_ parts: [RedisValue], _ index: Int) -> Answer {
        // After an operation that cannot be read there may be no answers to those that follow it.
        guard index + 1 < parts.count, let word = parts[index].string, let payload = parts[index + 1].bytes else {
            return .failure(InventoryError(.scriptFailed, "apply: no answer"))
        }
        switch word {
        case "MORE": return .success(.more)
        case "LOST": return .failure(InventoryError(.outcomeUnknown, "the booking is of another epoch"))
        case "FULL": return .failure(InventoryError(.overloaded, "apply: Redis is full"))
        case "MALFORMED": return .failure(InventoryError(.scriptFailed, "apply: malformed operation"))
        default: return .success(.decided(OperationAnswer.Decision(word: word, payload: payload[...])))
        }
    }
}
