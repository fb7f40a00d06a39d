public import EventLoop

/// A pipelined connection to one Redis. It lives on one loop and connects again for ever until it is closed.
///
/// Everything sent within one tick of the loop is written by one system call at its end, and replies arrive in the
/// order of sending. Commands whose replies break that order (SUBSCRIBE, MONITOR, CLIENT REPLY) must not be sent, and
/// those that block hold up all others. Close a connection before letting go of it.
public final class RedisConnection {
    /// The loop it lives on.
    public let loop: EventLoop
    /// Where it connects to, and how patient it is.
    public let configuration: RedisConfiguration
    /// Which server answers; nil while that is not known: before the first answer, after a loss, while the server loads
    /// its data, and from a reply such as READONLY until the server was asked again.
    public internal(set) var identity: RedisIdentity? {
        didSet {
            isKnown = identity != nil
            if identity != oldValue { onIdentityChange(identity) }
        }
    }
    /// Whether there is an identity: asked for each request, which need not copy it.
    private var isKnown = false
    /// Called on the loop when `identity` becomes another.
    public var onIdentityChange: (RedisIdentity?) -> Void = { _ in }

    /// Told how long a reply took, in nanoseconds, from the sending of its command.
    public var onReply: (Int64) -> Void = { _ in }
    /// Told of each function that is called and waited for on somebody's behalf (`ScriptCause`): its name, for whom, what
    /// it took in nanoseconds, and whether it failed. Without it none is timed.
    public var onScript: ((_ script: String, _ record: String, _ nanoseconds: Int64, _ hasFailed: Bool) -> Void)?

    let transport: RedisTransport
    var librariesBeingLoaded: Set<String> = []
    /// Why libraries could not be loaded the last time.
    var loadFailures: [String: RedisError] = [:]
    var identityAsked = false
    var nextIdentityCheck: Int64 = 0
    private var pending = PendingCommands<RedisWaiter>()
    private var waitingBytes: [UInt8] = []
    /// Since when it is not connected; nil while it is, and before `start`.
    private var downSince: Int64?
    private let outageNanoseconds: Int64
    private let commandNanoseconds: Int64
    private let connectNanoseconds: Int64

    /// Prepares a connection that `start` begins.
    public init(loop: EventLoop, configuration: RedisConfiguration) {
        self.loop = loop
        self.configuration = configuration
        commandNanoseconds = configuration.commandTimeout.nanoseconds
        connectNanoseconds = configuration.connectTimeout.nanoseconds
        outageNanoseconds = configuration.outagePatience.nanoseconds
        transport = RedisTransport(loop: loop, configuration: configuration)
        // Not weak: every use of an object that has weak references takes the slow way. The transport is this connection's
        // alone, and calls nobody once it is gone.
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
    /// - Throws: `.misuse` when the loop has no memory for a timer.
    public func start() throws(RedisError) {
        downSince = monotonicNanoseconds()
        try transport.start()
    }

    /// Ends the connection: commands without a reply fail, later ones too. On the loop's thread only.
    public func close() {
        transport.close()
        failAll(unwritten: pending.totalLength)
    }

    /// Whether the server has accepted the connection.
    public var isConnected: Bool { transport.isOpen }

    /// Whether the server has accepted the connection and is known.
    public var isReady: Bool { transport.isOpen && isKnown }

    /// How many commands wait for a reply or for a connection.
    public var pendingCommands: Int { pending.count }

    /// How many times the kernel was asked to take bytes, since the start.
    public var writes: Int { transport.writes }

    /// Why the last attempt to connect or the last connection failed: safe to log.
    public var lastFailure: String { transport.lastFailure }

    /// Sends a command and waits for its reply. On the loop's thread only; cancellation is not observed.
    ///
    /// - Throws: `.server` when the reply is an error; `.notConnected`, `.queueFull`, `.misuse` when it was surely not
    ///   executed; `.outcomeUnknown` when it may have been.
    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        let result = await unsafe withUnsafeContinuation { continuation in
            unsafe enqueue(command, .continuation(continuation))
        }
        return try result.get()
    }

    /// Sends a command and calls back with its reply, without a task. On the loop's thread only.
    ///
    /// - Parameter completion: called once, on the loop; before this returns when the command cannot even be queued.
    public func send(_ command: RedisCommand, completion: @escaping (Result<RedisValue, RedisError>) -> Void) {
        enqueue(command, .callback(completion))
    }

    private func enqueue(_ command: RedisCommand, _ waiter: RedisWaiter) {
        guard command.isComplete else {
            return waiter.resume(.failure(RedisError(.misuse, "not as many arguments as announced")))
        }
        guard !transport.isClosed else {
            return waiter.resume(.failure(RedisError(.notConnected, transport.lastFailure)))
        }
        // A short outage is waited for; in a long one callers fail at once, and connecting goes on.
        if let since = downSince, monotonicNanoseconds() - since > outageNanoseconds {
            return waiter.resume(.failure(RedisError(.notConnected, transport.lastFailure)))
        }
        guard pending.count < configuration.maximumQueuedCommands else {
            return waiter.resume(.failure(RedisError(.queueFull, "\(pending.count) commands wait already")))
        }
        enqueueAlways(command, waiter)
    }

    /// Queues a complete command, whatever the bound on the queue.
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
        guard let waiter = pending.popFirst() else { return transport.fail("a reply that nobody asked for") }
        guard case .error(let error) = reply else { return waiter.resume(.success(reply)) }
        if error.kind.makesIdentityDoubtful { doubtIdentity() }
        waiter.resume(.failure(RedisError(error)))
    }

    private func lost(unwritten: Int) {
        librariesBeingLoaded.removeAll()
        identityAsked = false
        downSince = monotonicNanoseconds()
        // Taken out first: who is told of the identity may send again.
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
