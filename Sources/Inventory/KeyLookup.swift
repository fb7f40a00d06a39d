import Booking
import EventLoop
import RedisClient

/// Asks Redis whether any of the idempotency keys of a tick has a record, in two short commands a partition instead of a
/// script call.
final class KeyLookup {
    /// Keys of one command.
    private static let limit = 256

    /// Asks; set by the owner. The answer is whether it is certain that none of these keys has a record.
    var send: (Partition, [String], @escaping (Bool) -> Void) -> Void = { _, _, _ in }

    private struct Waiting {
        let digest: String
        let resume: (Bool) -> Void
    }

    /// By the partitions' numbers.
    private var waiting: [[Waiting]]
    /// Those of which somebody waits.
    private var asked: [Partition] = []
    private var hook: TickHook?

    /// - Parameter partitions: how many there are.
    init(loop: EventLoop, partitions: Int) {
        waiting = Array(repeating: [], count: partitions)
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    /// Calls back with whether it is certain that the key has no record.
    func ask(_ digest: String, _ partition: Partition, _ resume: @escaping (Bool) -> Void) {
        let index = Int(partition.number)
        if waiting[index].isEmpty { asked.append(partition) }
        waiting[index].append(Waiting(digest: digest, resume: resume))
    }

    private func flush() {
        guard !asked.isEmpty else { return }
        let partitions = asked
        asked.removeAll(keepingCapacity: true)
        for partition in partitions {
            let items = waiting[Int(partition.number)]
            waiting[Int(partition.number)] = []
            for start in stride(from: 0, to: items.count, by: Self.limit) {
                let batch = items[start..<min(start + Self.limit, items.count)]
                send(partition, batch.map(\.digest)) { areNew in
                    for item in batch { item.resume(areNew) }
                }
            }
        }
    }
}
