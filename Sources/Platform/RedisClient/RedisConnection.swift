package import Loops

/// A pipelined connection to one Redis. It lives on one loop and reconnects until it is closed.
///
/// All commands sent within one tick of the loop are written in one system call at its end, and replies arrive in
/// sending order. Do not send commands whose replies break that order (SUBSCRIBE, MONITOR, CLIENT REPLY); blocking
/// commands delay all others. Close a connection before releasing it.
package final class RedisConnection {
    /// The connection's loop.
    package let loop: EventLoop
    package let configuration: RedisConfiguration
    /// The server's identity; nil while it is unknown: before the first answer, after losing the connection, while the
    /// server loads its data, and after a reply such as READONLY until the identity has been queried again.
    package internal(set) var identity: RedisIdentity? {
        didSet {
            isKnown = identity != nil
            if identity != oldValue { onIdentityChange(identity) }
        }
    }
    /// Whether there is an identity; checked on every request, without copying it.
    private var isKnown = false
    /// Called on the loop when `identity` changes.
    package var onIdentityChange: (RedisIdentity?) -> Void = { _ in }

    /// Called with the time from sending a command to its reply, in nanoseconds.
    package var onReply: (Int64) -> Void = { _ in }
    /// Called for each awaited function call that has a `ScriptCause`: function name, cause, duration in nanoseconds,
    /// and whether it failed. If not set, calls are not timed.
    package var onScript: ((_ script: String, _ record: String, _ nanoseconds: Int64, _ hasFailed: Bool) -> Void)?

    let transport: RedisTransport
    var librariesBeingLoaded: Set<String> = []
    /// Why libraries could not be loaded the last time.
    var loadFailures: [String: RedisError] = [:]
    var identityAsked = false
    var nextIdentityCheck: Int64 = 0
    private var pending = PendingCommands<RedisWaiter>()
    private var waitingBytes: [UInt8] = []
    /// When the connection was lost; nil while it is open, and before `start`.
    private var downSince: Int64?
    private let outageNanoseconds: Int64
    private let commandNanoseconds: Int64
    private let connectNanoseconds: Int64

    /// Creates a connection; call `start` to connect.
    package init(loop: EventLoop, configuration: RedisConfiguration) {
        self.loop = loop
        self.configuration = configuration
        commandNanoseconds = configuration.commandTimeout.nanoseconds
        connectNanoseconds = configuration.connectTimeout.nanoseconds
        outageNanoseconds = configuration.outagePatience.nanoseconds
        transport = RedisTransport(loop: loop, configuration: configuration)
        // Not weak: an object with weak references takes the slow path at every use. Only this connection uses the
        // transport, and `deinit` clears its callbacks.
        transport.onOpen = { [unowned self] in opened($0) }
        transport.onReply = { [unowned self] in received($0) }
        transport.onLost = { [unowned self] in lost(unwritten: $0) }
        transport.onHeartbeat = { [unowned self] in
            heartbeat($0)
            return min(pending.oldestDeadline ?? .max, nextIdentityCheck)
        }
    }

    deinit {
        transport.forgetOwner()
        failAll(unwritten: 0)
    }

    /// Connects in the background. On the loop's thread only.
    ///
    /// - Throws: `.misuse` if the loop is out of memory for a timer.
    package func start() throws(RedisError) {
        downSince = monotonicNanoseconds()
        try transport.start()
    }

    /// Closes the connection: pending and later commands fail. On the loop's thread only.
    package func close() {
        transport.close()
        failAll(unwritten: pending.totalLength)
    }

    /// Whether the server has accepted the connection.
    package var isConnected: Bool { transport.isOpen }

    /// Whether the server has accepted the connection and its identity is known.
    package var isReady: Bool { transport.isOpen && isKnown }

    /// How many commands wait for a reply or for a connection.
    package var pendingCommands: Int { pending.count }

    /// How many write system calls were made since the start.
    package var writes: Int { transport.writes }

    /// Why the last attempt or connection failed: safe to log.
    package var lastFailure: String { transport.lastFailure }

    /// Sends a command and waits for its reply. On the loop's thread only; cancellation is not observed.
    ///
    /// - Throws: `.server` if the reply is an error; `.notConnected`, `.queueFull`, `.misuse` if the command was
    ///   definitely not executed; `.outcomeUnknown` if it may have been.
    package func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        let result = await unsafe withUnsafeContinuation { continuation in
            unsafe enqueue(command, .continuation(continuation))
        }
        return try result.get()
    }

    /// Sends a command and calls back with its reply, without a task. On the loop's thread only.
    ///
    /// - Parameter completion: called once, on the loop; before this returns if the command cannot be queued.
    package func send(_ command: RedisCommand, completion: @escaping (Result<RedisValue, RedisError>) -> Void) {
        enqueue(command, .callback(completion))
    }

    private func enqueue(_ command: RedisCommand, _ waiter: RedisWaiter) {
        guard command.isComplete else {
            return waiter.resume(.failure(RedisError(.misuse, "wrong number of arguments")))
        }
        guard !transport.isClosed else {
            return waiter.resume(.failure(RedisError(.notConnected, transport.lastFailure)))
        }
        // Commands wait out a short outage; in a long one they fail at once, while reconnecting continues.
        if let since = downSince, monotonicNanoseconds() - since > outageNanoseconds {
            return waiter.resume(.failure(RedisError(.notConnected, transport.lastFailure)))
        }
        guard pending.count < configuration.maximumQueuedCommands else {
            return waiter.resume(.failure(RedisError(.queueFull, "\(pending.count) commands are waiting")))
        }
        enqueueAlways(command, waiter)
    }

    /// Queues a complete command, ignoring the queue's limit.
    func enqueueAlways(_ command: RedisCommand, _ waiter: RedisWaiter) {
        let patience = transport.isOpen ? commandNanoseconds : connectNanoseconds
        pending.append(waiter, length: command.bytes.count, deadline: monotonicNanoseconds() + patience)
        if transport.isOpen { transport.append(command.bytes) } else { waitingBytes.append(contentsOf: command.bytes) }
    }

    // MARK: - The transport's callbacks

    private func opened(_ identity: RedisIdentity?) {
        let now = monotonicNanoseconds()
        downSince = nil
        pending.setDeadlines(now + commandNanoseconds)
        transport.append(waitingBytes)
        waitingBytes.removeAll()
        scheduleIdentityCheck(now)
        self.identity = identity
    }

    private func received(_ reply: RedisValue) {
        if let deadline = pending.oldestDeadline {
            onReply(monotonicNanoseconds() - deadline + commandNanoseconds)
        }
        guard let waiter = pending.popFirst() else { return transport.fail("an unexpected reply") }
        guard case .error(let error) = reply else { return waiter.resume(.success(reply)) }
        if error.kind.makesIdentityDoubtful { doubtIdentity() }
        waiter.resume(.failure(RedisError(error)))
    }

    private func lost(unwritten: Int) {
        librariesBeingLoaded.removeAll()
        identityAsked = false
        downSince = monotonicNanoseconds()
        // Removed first, because the identity callback may send new commands.
        let failed = pending.removeAll(unwritten: unwritten)
        identity = nil
        fail(failed)
    }

    private func heartbeat(_ now: Int64) {
        if transport.isOpen {
            if let deadline = pending.oldestDeadline, deadline <= now {
                return transport.fail("a command was not answered in time")
            }
            checkIdentity(now)
        } else {
            let expired = pending.popExpired(now: now)
            waitingBytes.removeFirst(expired.length)
            let error = RedisError(.notConnected, transport.lastFailure)
            for waiter in expired.waiters { waiter.resume(.failure(error)) }
        }
    }

    private func failAll(unwritten: Int) {
        waitingBytes.removeAll()
        fail(pending.removeAll(unwritten: unwritten))
    }

    private func fail(_ failed: (written: [RedisWaiter], unwritten: [RedisWaiter])) {
        let unknown = RedisError(.outcomeUnknown, transport.lastFailure)
        let surely = RedisError(.notConnected, transport.lastFailure)
        for waiter in failed.written { waiter.resume(.failure(unknown)) }
        for waiter in failed.unwritten { waiter.resume(.failure(surely)) }
    }
}
