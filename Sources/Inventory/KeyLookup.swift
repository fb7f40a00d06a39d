import Booking
import EventLoop
import RedisClient

/// Asks Redis whether any of the idempotency keys of a tick was used for its event, in a few short commands an event
/// instead of a function's call.
///
/// A used key is in the hash of its day, by the first eight bytes of its digest. Which days' hashes there are,
/// the event says; what it said last is asked again after the hashes, so that no clock of ours is relied on: a key that
/// was used on a day nobody here has heard of is never taken for new.
final class KeyLookup {
    /// Keys of one command.
    private static let limit = 256
    /// Events whose days are remembered.
    private static let eventLimit = 1000

    /// Of which days an event has keys.
    struct Days: Equatable {
        /// The last day on which a key was used, in days since 1970; 0 when none was.
        let last: Int64
        /// Whether keys of the day before count too.
        let hasDayBefore: Bool

        /// Reads an event's numbers (`Layout.eventNumbers`); `nil` when they are none.
        init?(numbers: [UInt8]) {
            guard numbers.count == Self.width else { return nil }
            var reader = ByteReader(numbers[(Self.width - 4)...])
            last = reader.long(3)
            hasDayBefore = reader.byte() == 1
        }

        private static let width = Layout.eventNumbers.width
    }

    /// Asks; set by the owner. The answer is whether it is certain that none of these keys was used, and of which days
    /// the event has keys.
    var send: (EventID, _ keys: [UInt64], Days?, @escaping (_ areNew: Bool, Days?) -> Void) -> Void = {
        $3(false, nil)
    }

    private struct Waiting {
        let key: UInt64
        let resume: (Bool) -> Void
    }

    /// Those of this tick, by event: so few events that looking at each is quicker than hashing.
    private var waiting: [(event: EventID, items: [Waiting])] = []
    private var days: [EventID: Days] = [:]
    private var hook: TickHook?

    init(loop: EventLoop) {
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    /// Calls back with whether it is certain that a claim's key was not used.
    ///
    /// - Parameter key: its digest.
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
