import BoxOffice
import Loops
import RedisClient

/// Groups the operations of one event, whatever their kinds: those that reach a loop within one tick, and those that
/// arrive while an earlier group is in flight.
///
/// Redis is the bottleneck of an on-sale: a single operation costs it three to four times as much as one in a group,
/// and with `appendfsync always` each call waits for the disk. An operation that finds no other in flight is sent at
/// the end of its tick. Later ones would wait in Redis anyway; they wait here instead and become the next group (as
/// small packets do by RFC 896). A second group is sent before the first is answered once it is half full, so that
/// Redis is not idle meanwhile. Operations are sent in the order in which they arrived.
final class OperationBatcher {
    /// Maximum number of operations in one call, and maximum total weight; bounds how long Redis is busy with it.
    static let groupLimit = (operations: 64, weight: 512)
    /// Groups of one event in flight at a time, per loop.
    static let flightLimit = 2
    /// Operations that are enough to send a group while another is in flight.
    private static let company = groupLimit.operations / 2

    /// Sends one group, and calls back once: whether Redis answered it.
    var send: (EventID, [Waiting], _ landed: @escaping (Bool) -> Void) -> Void = { _, _, landed in landed(false) }

    /// An operation that waits for its answer.
    final class Waiting {
        let operation: Operation
        /// Whether it was sent before and the answer was lost.
        let again: Bool
        let resume: (Result<OperationAnswer, InventoryError>) -> Void

        init(
            operation: Operation, again: Bool, resume: @escaping (Result<OperationAnswer, InventoryError>) -> Void
        ) {
            (self.operation, self.again, self.resume) = (operation, again, resume)
        }
    }

    /// The operations of one event.
    private final class Queue {
        var waiting: [Waiting] = []
        var inFlight = 0
        /// Redis did not answer: waiting operations are sent at once, so that each waits only for its own timeout.
        var isHurried = false
        /// Whether it will be processed at the end of this tick.
        var isReady = false

        var mayLeave: Bool {
            if isHurried { return true }
            return inFlight == 0 || inFlight < OperationBatcher.flightLimit && waiting.count >= OperationBatcher.company
        }
    }

    private var queues: [EventID: Queue] = [:]
    /// Queues to process at the end of this tick.
    private var ready: [EventID] = []
    private var hook: TickHook?

    init(loop: EventLoop) {
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    func add(_ item: Waiting, of event: EventID) {
        let queue: Queue
        if let known = queues[event] {
            queue = known
        } else {
            queue = Queue()
            queues[event] = queue
        }
        queue.waiting.append(item)
        if !queue.isReady, queue.mayLeave { prepare(event, queue) }
    }

    private func prepare(_ event: EventID, _ queue: Queue) {
        queue.isReady = true
        ready.append(event)
    }

    private func flush() {
        guard !ready.isEmpty else { return }
        let events = ready
        ready.removeAll(keepingCapacity: true)
        for event in events {
            guard let queue = queues[event] else { continue }
            queue.isReady = false
            leave(event, queue)
            if queue.inFlight == 0, queue.waiting.isEmpty { queues[event] = nil }
        }
    }

    /// Sends groups of an event while they may be sent.
    private func leave(_ event: EventID, _ queue: Queue) {
        while !queue.waiting.isEmpty, queue.mayLeave {
            let end = Self.endOfGroup(queue.waiting)
            let group = Array(queue.waiting[..<end])
            queue.waiting.removeFirst(end)
            queue.inFlight += 1
            send(event, group) { [weak self] hasAnswered in self?.landed(event, queue, hasAnswered) }
        }
        queue.isHurried = false
    }

    /// The size of the next group.
    private static func endOfGroup(_ waiting: [Waiting]) -> Int {
        var end = 0
        var weight = 0
        while end < waiting.count, end < groupLimit.operations {
            weight += waiting[end].operation.weight
            if weight > groupLimit.weight, end > 0 { break }
            end += 1
        }
        return end
    }

    private func landed(_ event: EventID, _ queue: Queue, _ hasAnswered: Bool) {
        queue.inFlight -= 1
        if !hasAnswered { queue.isHurried = true }
        // Process the queue at the end of the tick, even if only to remove it.
        if !queue.isReady, !queue.waiting.isEmpty || queue.inFlight == 0 { prepare(event, queue) }
    }
}
