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

    private var waiting: [Partition: [Waiting]] = [:]
    private var hook: TickHook?

    init(loop: EventLoop) {
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    /// Whether it is certain that the key has no record.
    func isNew(_ digest: String, _ partition: Partition) async -> Bool {
        await withUnsafeContinuation { continuation in
            waiting[partition, default: []].append(
                Waiting(digest: digest) { continuation.resume(returning: $0) })
        }
    }

    private func flush() {
        guard !waiting.isEmpty else { return }
        let all = waiting
        waiting.removeAll(keepingCapacity: true)
        for (partition, items) in all {
            for start in stride(from: 0, to: items.count, by: Self.limit) {
                let batch = items[start..<min(start + Self.limit, items.count)]
                send(partition, batch.map(\.digest)) { areNew in
                    for item in batch { item.resume(areNew) }
                }
            }
        }
    }
}
