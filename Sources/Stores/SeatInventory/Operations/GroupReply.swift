import BoxOffice
import RedisClient

/// Redis's answer to one operation of a group, before MORE and lost answers are handled.
enum OperationAnswer {
    case decided(Decision)
    /// Due holds were released, others may be due: retry at once.
    case more
    /// The epoch in memory is not the partition's.
    case staleEpoch
    /// The event is not in Redis.
    case noEvent

    /// A word and its payload, usually a booking's record.
    struct Decision {
        let word: String
        let payload: ArraySlice<UInt8>

        /// The payload as a record; `nil` if it is not one.
        var record: BookingRecord? { BookingRecord(payload) }
    }
}

/// Parses the replies of `lua/apply.lua`.
enum GroupReply {
    private typealias Answer = Result<OperationAnswer, InventoryError>

    /// The parts before the operations' answers: the word, Redis's clock, the entry.
    private static let headCount = 3

    /// One answer for each of `count` operations, whatever the result.
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
        // Operations after one that cannot be parsed may have no answers.
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
