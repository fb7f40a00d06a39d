import Booking
import EventLoop
import RedisClient

/// Lets the claims for one event that reach a loop within one tick travel in one script call.
///
/// Redis is the bottleneck of an on-sale: a claim alone costs it three to four times what a claim in a group does. A
/// lone claim never waits for company: groups are closed at the end of the very tick.
final class ClaimBatcher {
    /// Requests in one call, and their weight together; bounds how long Redis is busy with it.
    static let groupLimit = (requests: 64, weight: 512)

    /// Sends one group; set by the owner.
    var send: (EventID, [Waiting]) -> Void = { _, _ in }

    struct Waiting {
        let request: ClaimRequest
        /// Whether it was asked before and the answer was lost.
        let again: Bool
        let resume: (Result<ClaimAnswer, InventoryError>) -> Void
    }

    private var waiting: [EventID: [Waiting]] = [:]
    private var hook: TickHook?

    init(loop: EventLoop) {
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    func add(_ item: Waiting) {
        waiting[item.request.event, default: []].append(item)
    }

    private func flush() {
        guard !waiting.isEmpty else { return }
        let groups = waiting
        waiting.removeAll(keepingCapacity: true)
        for (event, items) in groups {
            var group: [Waiting] = []
            var weight = 0
            for item in items {
                let added = item.request.items.reduce(0) { $0 + $1.weight }
                if group.count == Self.groupLimit.requests || weight + added > Self.groupLimit.weight, !group.isEmpty {
                    send(event, group)
                    group.removeAll(keepingCapacity: true)
                    weight = 0
                }
                group.append(item)
                weight += added
            }
            send(event, group)
        }
    }
}
