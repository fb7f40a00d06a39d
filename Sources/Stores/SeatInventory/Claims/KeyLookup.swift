import BoxOffice
import Loops
import RedisClient

/// Checks whether any of a tick's idempotency keys was used for its event, with a few short commands per event instead
/// of a function call.
///
/// A used key is in the hash of its day, by the first eight bytes of its digest. The event's numbers say which days
/// have a hash; they are read again after the hashes and compared with the last known ones, so the check does not rely
/// on our clock: a key used on a day that is not known here yet is never reported as new.
final class KeyLookup {
    /// Keys per command.
    private static let limit = 256
    /// Maximum number of events whose days are cached.
    private static let eventLimit = 1000

    /// The days on which an event's keys were used.
    struct Days: Equatable {
        /// The last day on which a key was used, in days since 1970; 0 if there is none.
        let last: Int64
        /// Whether the day before has keys too.
        let hasDayBefore: Bool

        /// Parses an event's numbers (`Layout.eventNumbers`); `nil` if they have another size.
        init?(numbers: [UInt8]) {
            guard numbers.count == Self.width else { return nil }
            var reader = ByteReader(numbers[(Self.width - 4)...])
            last = reader.long(3)
            hasDayBefore = reader.byte() == 1
        }

        private static let width = Layout.eventNumbers.width
    }

    /// Sends a query; set by the owner. The answer is whether it is certain that none of these keys was used, and the
    /// event's days with keys.
    var send: (EventID, _ keys: [UInt64], Days?, @escaping (_ areNew: Bool, Days?) -> Void) -> Void = {
        $3(false, nil)
    }

    private struct Waiting {
        let key: UInt64
        let resume: (Bool) -> Void
    }

    /// The queries of this tick, by event: so few events that a linear search is faster than hashing.
    private var waiting: [(event: EventID, items: [Waiting])] = []
    private var days: [EventID: Days] = [:]
    private var hook: TickHook?

    init(loop: EventLoop) {
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    /// Calls back with whether a claim's key is certainly unused.
    func ask(_ key: Digest128, of event: EventID, _ resume: @escaping (Bool) -> Void) {
        let item = Waiting(key: key.asKey.high, resume: resume)
        if let index = waiting.firstIndex(where: { $0.event == event }) {
            waiting[index].items.append(item)
        } else {
            waiting.append((event, [item]))
        }
    }

    private func flush() {
        guard !waiting.isEmpty else { return }
        let all = waiting
        waiting.removeAll(keepingCapacity: true)
        for (event, items) in all {
            for start in stride(from: 0, to: items.count, by: Self.limit) {
                let batch = items[start..<min(start + Self.limit, items.count)]
                send(event, batch.map(\.key), days[event]) { [weak self] areNew, days in
                    self?.note(days, of: event)
                    for item in batch { item.resume(areNew) }
                }
            }
        }
    }

    private func note(_ known: Days?, of event: EventID) {
        if days.count >= Self.eventLimit, days[event] == nil { days.removeAll(keepingCapacity: true) }
        days[event] = known
    }
}
