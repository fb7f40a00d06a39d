import BoxOffice
import Loops
import Records
import SeatInventory

/// Delays lists until PostgreSQL has everything that any replica had answered before the request (ADR 22). Lives on one
/// loop.
///
/// All waiting lists share rounds of queries: one pipelined read of the outboxes' ends, and one query of the persisted
/// cursors. A list uses only rounds that begin after its request.
final class ListBarrier {
    /// The result of a list's wait.
    struct Passage {
        /// Whether PostgreSQL has everything.
        let isComplete: Bool
        /// Whether the list's partitions have dead letters, which PostgreSQL's rows lack.
        let hasDeadLetters: Bool
        /// Redis's clock after the request, Unix milliseconds; `nil` if Redis did not answer.
        let now: Int64?

        static let unanswered = Passage(isComplete: false, hasDeadLetters: false, now: nil)
    }

    private final class Waiter {
        /// Whether the waiter accepts the first round's result, whatever it is.
        let acceptsFirstRound: Bool
        var timer: LoopTimer?
        private var resume: ((Passage) -> Void)?

        init(acceptsFirstRound: Bool, _ resume: @escaping (Passage) -> Void) {
            self.acceptsFirstRound = acceptsFirstRound
            self.resume = resume
        }

        var isWaiting: Bool { resume != nil }

        func end(_ passage: Passage) {
            timer?.cancel()
            resume?(passage)
            resume = nil
        }
    }

    /// Lists that wait for the same partitions.
    private final class Group {
        var target: PersistenceTarget
        var waiters: [Waiter] = []
        var now: Int64?
        let since = monotonicNanoseconds()

        init(_ partitions: [Partition]) { target = PersistenceTarget(partitions) }

        func passage(isComplete: Bool) -> Passage {
            Passage(isComplete: isComplete, hasDeadLetters: target.hasDeadLetters, now: now)
        }
    }

    /// Least time between the starts of two rounds, nanoseconds.
    private static let interval: Int64 = 2_000_000
    /// Least time per partition that Redis was asked about, nanoseconds: about ten times what the read costs Redis, so
    /// that lists take a tenth of its time at most, however many partitions there are.
    private static let partitionInterval: Int64 = 40_000
    /// Rounds become rarer the longer the youngest list has waited: the next starts after an eighth of that time.
    private static let ageDivisor: Int64 = 8
    /// A store that takes longer than this, and longer than lists may wait, counts as hanging: until it answers, lists
    /// do not wait.
    private static let leastPatience = Duration.milliseconds(250)
    /// A list that does not wait for the reconciler still has to query the stores.
    private static let leastWait = Duration.milliseconds(50)

    private let loop: EventLoop
    private let inventory: Inventory
    private let partitions: Partitions
    /// Most lists that may wait at a time; others accept the first round's result.
    private let waiterLimit: Int
    private let patience: Duration
    /// The partitions' cursors, as last read from PostgreSQL.
    private var known: [Partition: StreamID] = [:]
    private var joining: [Partition?: Group] = [:]
    private var groups: [Group] = []
    private var waiting = 0
    private var isAsking = false
    private var isLate = false
    private var lastRound: Int64 = 0
    private var pause = ListBarrier.interval
    private var next: (at: Int64, timer: LoopTimer?)?
    private var lateTimer: LoopTimer?
    /// The number of rounds begun, for tests.
    private(set) var rounds = 0

    /// - Parameters:
    ///   - waiterLimit: most lists that may wait for the reconciler at a time.
    ///   - longestWait: longest wait of a list.
    init(
        loop: EventLoop, inventory: Inventory, partitions: Partitions, waiterLimit: Int, longestWait: Duration
    ) {
        patience = max(Self.leastPatience, longestWait)
        self.loop = loop
        self.inventory = inventory
        self.partitions = partitions
        self.waiterLimit = waiterLimit
    }

    /// Waits until PostgreSQL has everything that was answered before the call.
    ///
    /// - Parameters:
    ///   - partition: the partition that has all requested bookings; `nil` if they may be in any.
    ///   - time: longest wait for the reconciler.
    func pass(_ partition: Partition?, within time: Duration) async -> Passage {
        guard !isLate else { return .unanswered }
        waiting += 1
        defer { waiting -= 1 }
        let acceptsFirstRound = time == .zero || waiting > waiterLimit
        return await withUnsafeContinuation { continuation in
            let waiter = Waiter(acceptsFirstRound: acceptsFirstRound) { continuation.resume(returning: $0) }
            let group = joining[partition] ?? Group(partition.map { [$0] } ?? inventory.keys.all)
            joining[partition] = group
            group.waiters.append(waiter)
            let end = time == .zero ? Self.leastWait : time
            waiter.timer = try? LoopTimer(loop: loop, after: end, repeats: false) {
                waiter.end(group.passage(isComplete: false))
            }
            // Without memory for a timer there is no wait.
            if waiter.timer == nil { return waiter.end(.unanswered) }
            schedule(at: lastRound + pause)
        }
    }

    // MARK: - Rounds

    private func schedule(at time: Int64) {
        guard !isAsking, next.map({ time < $0.at }) ?? true else { return }
        next?.timer?.cancel()
        let left = time - monotonicNanoseconds()
        if left > 0 {
            let timer = try? LoopTimer(loop: loop, after: .nanoseconds(left), repeats: false) { [weak self] in
                self?.begin()
            }
            if timer != nil {
                next = (time, timer)
                return
            }
        }
        begin()
    }

    private func begin() {
        next = nil
        isAsking = true
        loop.spawn { [self] in
            await round()
            isAsking = false
            scheduleNext()
        }
    }

    private func scheduleNext() {
        groups.removeAll { group in !group.waiters.contains(where: \.isWaiting) }
        if !joining.isEmpty { return schedule(at: lastRound + pause) }
        guard let youngest = groups.last else { return }
        let age = lastRound - youngest.since
        schedule(at: lastRound + max(pause, age / Self.ageDivisor))
    }

    private func round() async {
        groups += joining.values
        joining = [:]
        let asked = groups
        let unasked = Set(asked.flatMap(\.target.unasked))
        let unsettled = Set(asked.flatMap(\.target.unsettled))
        guard !unsettled.isEmpty else { return }
        rounds += 1
        lastRound = monotonicNanoseconds()
        lateTimer = try? LoopTimer(loop: loop, after: patience, repeats: false) { [weak self] in self?.late() }
        let (ends, cursors) = await ask(unasked, Array(unsettled))
        lateTimer = nil
        isLate = false
        for (partition, cursor) in cursors ?? [:] { known[partition] = cursor.cursor }
        for group in asked {
            if let ends {
                group.target.take(ends.ends)
                group.now = ends.now
            }
            if let cursors { group.target.take(cursors) }
            settle(group, isAnswered: ends != nil && cursors != nil)
        }
    }

    /// Ends the waits that are satisfied, or that cannot be.
    private func settle(_ group: Group, isAnswered: Bool) {
        if group.target.isSettled {
            let passage = group.passage(isComplete: !group.target.hasOverruled)
            for waiter in group.waiters { waiter.end(passage) }
        } else {
            for waiter in group.waiters where !isAnswered || waiter.acceptsFirstRound {
                waiter.end(group.passage(isComplete: false))
            }
        }
    }

    /// Queries both stores concurrently.
    private func ask(
        _ unasked: Set<Partition>, _ unsettled: [Partition]
    ) async -> (ends: (now: Int64, ends: [Partition: OutboxEnd])?, cursors: [Partition: PartitionCursor]?) {
        var ends: (now: Int64, ends: [Partition: OutboxEnd])?
        var cursors: [Partition: PartitionCursor]?
        var left = 2
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            func finished() {
                left -= 1
                if left == 0 { done.resume() }
            }
            loop.spawn { [self] in
                let positions = Dictionary(uniqueKeysWithValues: unasked.map { ($0, known[$0] ?? .zero) })
                ends = try? await inventory.outboxEnds(of: positions)
                pause = max(Self.interval, Int64(unasked.count) * Self.partitionInterval)
                finished()
            }
            loop.spawn { [self] in
                cursors = try? await partitions.cursors(of: unsettled)
                finished()
            }
        }
        return (ends, cursors)
    }

    /// Called when a store hangs: ends all waits; no list queries or waits until the store has answered.
    private func late() {
        isLate = true
        for group in groups + joining.values {
            for waiter in group.waiters { waiter.end(group.passage(isComplete: false)) }
        }
        joining = [:]
    }
}
