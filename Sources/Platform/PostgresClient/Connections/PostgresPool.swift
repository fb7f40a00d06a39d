package import Loops

/// Connections shared by all users of one loop, opened on demand and replaced when broken.
///
/// While the server is unreachable, callers fail at once with `.notConnected` until the back-off, which grows, is over.
/// The same applies while the server hangs, once one caller has timed out. Every async function stays on the loop.
/// Cancelling the task does not end a wait; timeouts do.
package final class PostgresPool {
    /// The pool's loop.
    package let loop: EventLoop
    package let configuration: PostgresConfiguration
    /// Called with the time a connection was leased, in nanoseconds.
    package var onRelease: (Int64) -> Void = { _ in }
    private var state: PoolState
    private var connections: [PoolState.Slot: PostgresConnection] = [:]
    private var waiters: [PoolState.Waiter: Waiting] = [:]
    private var retryTimer: LoopTimer?
    private var lastFailure: PostgresError?
    /// While the server hangs, one caller per pause waits for the timeout, and the others fail at once.
    private var breaker = CircuitBreaker(threshold: 1, pause: .seconds(1))

    /// A leased connection; must be released exactly once.
    private struct Lease {
        let slot: PoolState.Slot
        let connection: PostgresConnection
        let since = monotonicNanoseconds()
    }

    @safe private struct Waiting {
        let continuation: UnsafeContinuation<Result<PoolState.Slot, PostgresError>, Never>
        var timer: LoopTimer?
    }

    /// Creates a pool without connections. On the loop's thread only.
    package init(loop: EventLoop, configuration: PostgresConfiguration) {
        loop.executor.checkIsolated()
        self.loop = loop
        self.configuration = configuration
        self.state = PoolState(
            limits: .init(
                size: max(1, configuration.poolSize), maximumWaiters: max(0, configuration.maximumWaiters),
                backoffBase: configuration.backoffBase.nanoseconds,
                backoffLimit: configuration.backoffLimit.nanoseconds))
    }

    /// Open connections and attempts.
    package var connectionCount: Int { state.connectionCount }
    package var busyCount: Int { state.busyCount }
    /// Callers that wait for a connection.
    package var waiterCount: Int { state.waiterCount }

    /// Runs one statement on a free connection.
    ///
    /// - Parameters:
    ///   - sql: one statement, constant across calls: it is prepared and cached.
    ///   - parameters: one for each `$n`.
    /// - Throws: `.poolTimeout`, `.notConnected`, `.connectionFailed` (not executed); `.server`; `.outcomeUnknown`.
    package func query(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws(PostgresError) -> PostgresRows {
        try await query(PostgresStatement(sql, parameters))
    }

    /// Runs one statement on a free connection.
    package func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresRows {
        let lease = try await acquire()
        defer { release(lease) }
        return try await lease.connection.query(statement)
    }

    /// Runs several statements in one round trip, all or none, as a transaction without BEGIN and COMMIT.
    package func pipeline(_ statements: [PostgresStatement]) async throws(PostgresError) -> [PostgresRows] {
        let lease = try await acquire()
        defer { release(lease) }
        return try await lease.connection.pipeline(statements)
    }

    /// Runs `body` in a transaction, which is committed when it returns and rolled back when it throws.
    ///
    /// BEGIN is sent with the first statement. If the connection is lost before COMMIT is sent, the error is
    /// `.notConnected`: nothing has happened. If it is lost after that, it is `.outcomeUnknown`.
    ///
    /// - Parameters:
    ///   - isolation: the isolation level.
    ///   - body: must neither keep the connection nor end the transaction.
    /// - Returns: what `body` returned, after the server has committed.
    /// - Throws: the error of `body`; `PostgresError`, `.server` 25P02 if `body` swallowed a statement's error.
    package func transaction<Value>(
        isolation: PostgresIsolation = .readCommitted,
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await committing(isolation: isolation) { connection in (try await body(connection), last: []) }
    }

    /// Like `transaction`, but sends the last statements in one round trip with COMMIT; if one of them fails, COMMIT
    /// does not take effect.
    ///
    /// - Parameter body: returns a value and the last statements; their rows are discarded.
    /// - Returns: the value, after the server has committed.
    package func committing<Value>(
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

    /// Leases a connection without a transaction. If it is not idle afterwards, it is closed.
    package func withConnection<Value>(
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let lease = try await acquire()
        defer { release(lease) }
        return try await body(lease.connection)
    }

    /// Refuses further callers; closes idle connections now and others when they are released.
    package func close() {
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
            // A leased connection stays in the table until it is released.
            guard let connection = connections[slot] else { throw PostgresError(.notConnected, "connection closed") }
            let lease = Lease(slot: slot, connection: connection)
            // A server that restarted has closed all idle connections.
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
        case .queueFull: PostgresError(.poolTimeout, "too many callers wait for a connection")
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
        // Timers may fire slightly early; one more millisecond makes sure that the pause is over.
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
