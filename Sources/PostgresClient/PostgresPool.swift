public import EventLoop

/// A few connections to PostgreSQL on one loop, shared by everything on it.
///
/// Connections are made when they are needed and given up when they fail. Not `Sendable`.
public final class PostgresPool {
    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private var idle: [PostgresConnection] = []
    private var open = 0
    private var waiting: [Waiter] = []
    private var retryAt: Int64 = 0
    private var lastFailure = ""
    private var isClosed = false

    private final class Waiter {
        var resume: ((Bool) -> Void)?
        var timer: LoopTimer?
    }

    /// A pool without connections yet. On the loop's thread only.
    public init(loop: EventLoop, configuration: PostgresConfiguration) {
        self.loop = loop
        self.configuration = configuration
    }

    /// Closes the idle connections; those in use close when they come back.
    public func close() {
        isClosed = true
        for connection in idle { connection.close() }
        idle.removeAll()
    }

    /// Asks one statement on any connection.
    public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws(PostgresError) -> PostgresRows {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.query(sql, parameters)
    }

    /// Asks several statements in one round trip; outside `transaction` they are one transaction.
    public func pipeline(_ statements: [PostgresStatement]) async throws(PostgresError) -> [PostgresRows] {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.pipeline(statements)
    }

    /// Takes a connection out of the pool; give it back with `release`.
    ///
    /// - Throws: `.notConnected` or `.busy`: nothing was sent.
    public func acquire() async throws(PostgresError) -> PostgresConnection {
        let deadline = monotonicNanoseconds() + configuration.acquireTimeout.nanoseconds
        while true {
            guard !isClosed else { throw PostgresError(.notConnected, "the pool is closed") }
            while let connection = idle.popLast() {
                if connection.isUsable { return connection }
                open -= 1
            }
            if open < configuration.size { return try await connect() }
            guard waiting.count < configuration.waitingLimit, await wait(until: deadline) else {
                throw PostgresError(.busy, "no connection became free in time")
            }
        }
    }

    /// Gives a connection back; one in doubt is closed and replaced at the next need.
    public func release(_ connection: PostgresConnection) {
        if connection.isUsable, !isClosed {
            idle.append(connection)
        } else {
            connection.close()
            open -= 1
        }
        wakeOne()
    }

    private func connect() async throws(PostgresError) -> PostgresConnection {
        // A dead server is not hammered: everybody fails at once until the next attempt is due.
        guard monotonicNanoseconds() >= retryAt else { throw PostgresError(.notConnected, lastFailure) }
        open += 1
        do {
            return try await PostgresConnection(loop: loop, configuration: configuration)
        } catch {
            open -= 1
            lastFailure = error.message
            retryAt = monotonicNanoseconds() + configuration.retryInterval.nanoseconds
            wakeOne()
            throw error
        }
    }

    private func wait(until deadline: Int64) async -> Bool {
        let left = Duration.nanoseconds(max(0, deadline - monotonicNanoseconds()))
        let waiter = Waiter()
        return await unsafe withUnsafeContinuation { continuation in
            waiter.resume = { unsafe continuation.resume(returning: $0) }
            waiter.timer = try? LoopTimer(loop: loop, after: left, repeats: false) { [weak self] in
                self?.waiting.removeAll { $0 === waiter }
                waiter.resume?(false)
                waiter.resume = nil
            }
            waiting.append(waiter)
        }
    }

    private func wakeOne() {
        guard !waiting.isEmpty else { return }
        let waiter = waiting.removeFirst()
        waiter.timer?.cancel()
        waiter.resume?(true)
        waiter.resume = nil
    }
}
