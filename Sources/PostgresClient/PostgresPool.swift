public import EventLoop

/// Connections shared by everything on one loop. They are made when needed and replaced when broken.
///
/// While the server cannot be reached, callers fail at once with `.notConnected` until the pause is over; pauses grow.
/// While it hangs they do too, once one of them has waited in vain.
/// Every async function stays on the loop. Cancelling the task does not end a wait; deadlines do.
public final class PostgresPool {
    /// The loop the pool lives on.
    public let loop: EventLoop
    /// As given to `init`.
    public let configuration: PostgresConfiguration
    /// Told how long a connection was on loan, in nanoseconds.
    public var onRelease: (Int64) -> Void = { _ in }
    private var state: PoolState
    private var connections: [PoolState.Slot: PostgresConnection] = [:]
    private var waiters: [PoolState.Waiter: Waiting] = [:]
    private var retryTimer: LoopTimer?
    private var lastFailure: PostgresError?
    /// A server that hangs costs one caller in each pause a deadline, and the others nothing.
    private var breaker = CircuitBreaker(threshold: 1, pause: .seconds(1))

    /// A connection on loan; it must be released exactly once.
    private struct Lease {
        let slot: PoolState.Slot
        let connection: PostgresConnection
        let since = monotonicNanoseconds()
    }

    @safe private struct Waiting {
        let continuation: UnsafeContinuation<Result<PoolState.Slot, PostgresError>, Never>
        var timer: LoopTimer?
    }

    /// Makes a pool without connections. On the loop's thread only.
    public init(loop: EventLoop, configuration: PostgresConfiguration) {
        loop.executor.checkIsolated()
        self.loop = loop
        self.configuration = configuration
        self.state = PoolState(
            limits: .init(
                size: max(1, configuration.poolSize), maximumWaiters: max(0, configuration.maximumWaiters),
                backoffBase: configuration.backoffBase.nanoseconds,
                backoffLimit: configuration.backoffLimit.nanoseconds))
    }

    /// Connections that exist or are being made.
    public var connectionCount: Int { state.connectionCount }
    /// Connections in use.
    public var busyCount: Int { state.busyCount }
    /// Callers that wait for a connection.
    public var waiterCount: Int { state.waiterCount }

    /// Runs one statement on a free connection.
    ///
    /// - Parameters:
    ///   - sql: one statement, constant over calls: it is prepared and kept.
    ///   - parameters: one for each `$n`.
    /// - Throws: `.poolTimeout`, `.notConnected`, `.connectionFailed` (not executed); `.server`; `.outcomeUnknown`.
    public func query(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws(PostgresError) -> PostgresRows {
        try await query(PostgresStatement(sql, parameters))
    }

    /// Runs one statement on a free connection.
    public func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        let lease = try await acquire()
        defer { release(lease) }
        return try await lease.connection.query(statement)
    }

    /// Runs several statements in one round trip, all or none: a transaction without BEGIN and COMMIT.
    public func pipeline(_ statements: [PostgresStatement]) async throws(PostgresError) -> [PostgresRows] {
        let lease = try await acquire()
        defer { release(lease) }
        return try await lease.connection.pipeline(statements)
    }

    /// Runs `body` inside a transaction, which is committed when it returns and rolled back when it throws.
    ///
    /// BEGIN travels with the first statement. If the connection is lost before COMMIT is sent, the error says
    /// `.notConnected`: nothing has happened. If it is lost after that, `.outcomeUnknown`.
    ///
    /// - Parameters:
    ///   - isolation: how much it sees of others.
    ///   - body: must not keep the connection, nor end the transaction itself.
    /// - Returns: what `body` returned, after the server has committed.
    /// - Throws: what `body` threw; `PostgresError`, `.server` 25P02 when `body` swallowed the error of a statement.
    public func transaction<Value>(
        isolation: PostgresIsolation = .readCommitted,
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await committing(isolation: isolation) { connection in (try await body(connection), last: []) }
    }

    /// A transaction as `transaction` makes it, with the last statements in one round trip with COMMIT, which a failure of any of them prevents.
    ///
    /// - Parameter body: returns a value, and what remains to be done when all else is; what it selects is not seen.
    /// - Returns: the value, after the server has committed.
    public func committing<Value>(
        isolation: PostgresIsolation = .readCommitted,
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> (Value, last: [PostgresStatement])
    ) async throws -> Value {
        let lease = try await acquire()
        defer { release(lease) }
        lease.connection.beginLazily(isolation)
        do {
            let (value, last) = try await body(lease.connection)
            try await lease.connection.commit(after: last)
            return value
        } catch {
            await lease.connection.rollback()
            throw error
        }
    }

    /// Lends a connection without a transaction. One that is not idle afterwards is closed.
    public func withConnection<Value>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let lease = try await acquire()
        defer { release(lease) }
        return try await body(lease.connection)
    }

    /// Lets nobody in any more, closes idle connections now and the others when they are given back.
    public func close() {
        retryTimer?.cancel()
        retryTimer = nil
        perform(state.close())
    }
}

// MARK: - Leases

extension PostgresPool {
    private func acquire() async throws(PostgresError) -> Lease {
        loop.executor.checkIsolated()
        guard breaker.admits(now: monotonicNanoseconds()) else {
            throw PostgresError(.notConnected, "the server does not answer")
        }
        while true {
            let result = await unsafe withUnsafeContinuation {
                (continuation: UnsafeContinuation<Result<PoolState.Slot, PostgresError>, Never>) in
                let (waiter, actions) = state.acquire(now: monotonicNanoseconds())
                unsafe waiters[waiter] = Waiting(continuation: continuation)
                perform(actions)
                limitWait(of: waiter)
            }
            let slot = try result.get()
            // A connection in use stays known until it is released.
            guard let connection = connections[slot] else { throw PostgresError(.notConnected, "closed meanwhile") }
            let lease = Lease(slot: slot, connection: connection)
            // A server that restarted meanwhile has hung up on every idle connection.
            if lease.connection.probe() { return lease }
            release(lease)
        }
    }

    private func limitWait(of waiter: PoolState.Waiter) {
        guard waiters[waiter] != nil else { return }
        waiters[waiter]?.timer = try? LoopTimer(loop: loop, after: configuration.acquireTimeout, repeats: false) {
            [unowned self] in perform(state.expire(waiter))
        }
        if waiters[waiter]?.timer == nil { perform(state.expire(waiter)) }
    }

    private func release(_ lease: Lease) {
        onRelease(monotonicNanoseconds() - lease.since)
        lease.connection.forgetTransaction()
        if lease.connection.wasSilent {
            breaker.failed(now: monotonicNanoseconds())
        } else if lease.connection.isIdle {
            breaker.succeeded()
        }
        perform(state.release(lease.slot, isUsable: lease.connection.isIdle, now: monotonicNanoseconds()))
    }

    private func perform(_ actions: [PoolState.Action]) {
        for action in actions {
            switch action {
            case .connect(let slot): loop.spawn { [self] in await connect(slot) }
            case .grant(let waiter, let slot): grant(waiter, slot)
            case .fail(let waiter, let failure): resume(waiter, .failure(error(for: failure)))
            case .discard(let slot): connections.removeValue(forKey: slot)?.close()
            case .retry(let time): retry(at: time)
            }
        }
    }

    private func grant(_ waiter: PoolState.Waiter, _ slot: PoolState.Slot) {
        resume(waiter, .success(slot))
    }

    private func resume(_ waiter: PoolState.Waiter, _ result: Result<PoolState.Slot, PostgresError>) {
        guard let waiting = waiters.removeValue(forKey: waiter) else { return }
        waiting.timer?.cancel()
        unsafe waiting.continuation.resume(returning: result)
    }

    private func error(for failure: PoolState.Failure) -> PostgresError {
        switch failure {
        case .queueFull: PostgresError(.poolTimeout, "too many wait for a connection")
        case .timedOut: PostgresError(.poolTimeout, "no connection became free in time")
        case .closed: PostgresError(.notConnected, "the pool is closed")
        case .unreachable: unreachable
        }
    }

    private var unreachable: PostgresError {
        var error = PostgresError(.notConnected, "the server cannot be reached", message: lastFailure?.message)
        error.sqlState = lastFailure?.sqlState
        return error
    }

    private func retry(at time: Int64) {
        guard retryTimer == nil else { return }
        let wait = Duration.nanoseconds(max(0, time - monotonicNanoseconds()))
        // A timer may come a trifle early; a millisecond more makes sure that the pause is over.
        retryTimer = try? LoopTimer(loop: loop, after: wait + .milliseconds(1), repeats: false) { [unowned self] in
            retryTimer = nil
            perform(state.retry(now: monotonicNanoseconds()))
        }
    }

    private func connect(_ slot: PoolState.Slot) async {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(on: loop, configuration: configuration)
            connections[slot] = connection
            connection.onClose = { [weak self] in
                guard let self else { return }
                perform(state.lost(slot))
            }
            perform(state.connected(slot, now: monotonicNanoseconds()))
        } catch {
            lastFailure = error
            if breaker.isOpen { breaker.failed(now: monotonicNanoseconds()) }
            perform(
                state.connectFailed(slot, now: monotonicNanoseconds(), chance: Double.random(in: 0..<1)))
        }
    }
}
