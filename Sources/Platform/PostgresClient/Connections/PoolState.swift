/// Decides who gets which connection of a pool and when to open new ones; independent of sockets, clocks and tasks.
///
/// Every event returns actions to perform, in order. Times are nanoseconds of any monotonic clock.
struct PoolState {
    /// Identifies a connection, or the attempt to open it; never reused.
    typealias Slot = Int
    /// Identifies a caller that wants a connection; never reused.
    typealias Waiter = Int

    /// An action for the pool to perform.
    enum Action: Equatable {
        /// Open a connection, then report `connected` or `connectFailed`.
        case connect(Slot)
        /// The waiter gets the connection until `release`.
        case grant(Waiter, Slot)
        case fail(Waiter, Failure)
        /// Close the connection and remove it.
        case discard(Slot)
        /// Call `retry` at this time.
        case retry(at: Int64)
    }

    /// Why a waiter gets no connection.
    enum Failure { case queueFull, timedOut, unreachable, closed }

    struct Limits {
        var size: Int
        var maximumWaiters: Int
        var backoffBase: Int64
        var backoffLimit: Int64
    }

    private let limits: Limits
    private var idle: [Slot] = []
    private var busy: Set<Slot> = []
    private var connecting: Set<Slot> = []
    private var waiters: [Waiter] = []
    private var nextSlot = 0
    private var nextWaiter = 0
    private var failures = 0
    private var retryTime: Int64 = .min
    private var isClosed = false

    init(limits: Limits) { self.limits = limits }

    /// Connections and attempts; never more than the limit.
    var connectionCount: Int { idle.count + busy.count + connecting.count }
    var waiterCount: Int { waiters.count }
    var busyCount: Int { busy.count }

    /// A caller wants a connection.
    mutating func acquire(now: Int64) -> (Waiter, [Action]) {
        let waiter = nextWaiter
        nextWaiter += 1
        if isClosed { return (waiter, [.fail(waiter, .closed)]) }
        if let slot = idle.popLast() {
            busy.insert(slot)
            return (waiter, [.grant(waiter, slot)])
        }
        if connectionCount == 0, failures > 0, now < retryTime { return (waiter, [.fail(waiter, .unreachable)]) }
        guard waiters.count < limits.maximumWaiters else { return (waiter, [.fail(waiter, .queueFull)]) }
        waiters.append(waiter)
        return (waiter, connectWhereUseful(now: now))
    }

    /// A waiter's timeout has expired.
    mutating func expire(_ waiter: Waiter) -> [Action] {
        guard let index = waiters.firstIndex(of: waiter) else { return [] }
        waiters.remove(at: index)
        return [.fail(waiter, .timedOut)]
    }

    /// An attempt succeeded.
    mutating func connected(_ slot: Slot, now: Int64) -> [Action] {
        guard connecting.remove(slot) != nil, !isClosed else { return [.discard(slot)] }
        failures = 0
        return hand(slot) + connectWhereUseful(now: now)
    }

    /// An attempt failed.
    ///
    /// - Parameter chance: 0..<1, random; scales the random half of the pause.
    mutating func connectFailed(_ slot: Slot, now: Int64, chance: Double) -> [Action] {
        guard connecting.remove(slot) != nil, !isClosed else { return [] }
        // Attempts that ran in parallel fail together and count once.
        if failures == 0 || now >= retryTime {
            failures += 1
            retryTime = now + pause(chance)
        }
        guard connectionCount == 0 else { return connectWhereUseful(now: now) }
        defer { waiters = [] }
        return waiters.map { .fail($0, .unreachable) }
    }

    /// A caller has finished with its connection.
    ///
    /// - Parameter isUsable: whether the connection can be reused.
    mutating func release(_ slot: Slot, isUsable: Bool, now: Int64) -> [Action] {
        guard busy.remove(slot) != nil else { return [] }
        if isUsable, !isClosed { return hand(slot) }
        return [.discard(slot)] + (isClosed ? [] : connectWhereUseful(now: now))
    }

    /// A connection was lost. One in use must still be released.
    mutating func lost(_ slot: Slot) -> [Action] {
        guard let index = idle.firstIndex(of: slot) else { return [] }
        idle.remove(at: index)
        return [.discard(slot)]
    }

    /// The time of a `.retry` action has come.
    mutating func retry(now: Int64) -> [Action] { isClosed ? [] : connectWhereUseful(now: now) }

    /// Stops granting connections; connections in use are discarded when they are released.
    mutating func close() -> [Action] {
        isClosed = true
        defer {
            waiters = []
            idle = []
        }
        return waiters.map { .fail($0, .closed) } + idle.map { .discard($0) }
    }

    private mutating func hand(_ slot: Slot) -> [Action] {
        guard let waiter = waiters.first else {
            idle.append(slot)
            return []
        }
        waiters.removeFirst()
        busy.insert(slot)
        return [.grant(waiter, slot)]
    }

    private mutating func connectWhereUseful(now: Int64) -> [Action] {
        var actions: [Action] = []
        while waiters.count > connecting.count, connectionCount < limits.size {
            if failures > 0 {
                // After a failure, only one attempt at a time.
                guard connecting.isEmpty else { break }
                guard now >= retryTime else {
                    actions.append(.retry(at: retryTime))
                    break
                }
            }
            connecting.insert(nextSlot)
            actions.append(.connect(nextSlot))
            nextSlot += 1
        }
        return actions
    }

    /// Doubles with each failure up to the limit; its second half is random, so that replicas spread out.
    private func pause(_ chance: Double) -> Int64 {
        let doublings = min(failures - 1, 30)
        let full = min(Double(limits.backoffBase) * Double(1 << doublings), Double(limits.backoffLimit))
        return Int64(full / 2 * (1 + chance))
    }
}
