import Booking
import EventLoop
import RedisClient

/// Lets the operations of one event travel together, whatever their kinds: those that reach a loop within one tick, and
/// those that come while an earlier group is on its way.
///
/// Redis is the bottleneck of an on-sale: an operation alone costs it three to four times what one in a group does, and
/// with `appendfsync always` each call waits for the disk. An operation that finds no other on its way leaves at the end
/// of the very tick. What comes after it would wait in Redis anyway; it waits here instead and becomes the next group (as
/// small packets do by RFC 896). A second group leaves before the first has landed once it is half full, so that Redis
/// is not idle meanwhile. Operations leave in the order in which they came.
final class OperationBatcher {
    /// Operations in one call, and their weight together; bounds how long Redis is busy with it.
    static let groupLimit = (operations: 64, weight: 512)
    /// Groups of one event on their way at a time, of one loop.
    static let flightLimit = 2
    /// Operations that are enough for a group to leave while another is on its way.
    private static let company = groupLimit.operations / 2

    /// Sends one group, and calls back once: whether Redis answered it.
    var send: (EventID, [Waiting], _ landed: @escaping (Bool) -> Void) -> Void = { _, _, landed in landed(false) }

    /// An operation that waits for its answer.
    final class Waiting {
        let operation: Operation
        /// Whether it was asked before and the answer was lost.
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
        /// Redis did not answer: what waits goes at once, so that each operation has only its own time limit to wait for.
        var isHurried = false
        /// Whether it is looked at at the end of this tick.
        var isReady = false

        var mayLeave: Bool {
            if isHurried { return true }
            return inFlight == 0 || inFlight < OperationBatcher.flightLimit && waiting.count >= OperationBatcher.company
        }
    }

    private var queues: [EventID: Queue] = [:]
    /// Those that are looked at at the end of this tick.
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

    /// Sends groups of an event while they may leave.
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

    /// How many of these are the next group.
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
        // Looked at again at the end of the tick, also when it is to be forgotten.
        if !queue.isReady, !queue.waiting.isEmpty || queue.inFlight == 0 { prepare(event, queue) }
    }
}
