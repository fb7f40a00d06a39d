public import EventLoop

/// A connection to Redis that lives on one loop and is made anew whenever it breaks.
///
/// Commands are answered in order; all that are sent within a tick are written at once. The identity of the server is
/// learnt before the first command goes out and compared every 500 ms.
public final class RedisConnection {
    /// What a command's answer is handed to.
    public typealias Completion = (Result<RedisValue, RedisError>) -> Void

    /// Told whenever the identity became known, unknown or another.
    public var onIdentityChange: () -> Void = {}
    /// Who answers; `nil` while that is not known.
    public private(set) var identity: RedisIdentity? {
        didSet { if identity != oldValue { onIdentityChange() } }
    }
    /// Whether commands go out at once.
    public private(set) var isReady = false
    /// Why the last attempt failed, for messages.
    public private(set) var lastFailure = ""

    private struct Sent {
        let deadline: Int64
        let completion: Completion
    }
    private struct Queued {
        let command: RedisCommand
        let deadline: Int64
        let completion: Completion
    }

    private let loop: EventLoop
    private let configuration: RedisConfiguration
    private var transport: RedisTransport?
    private var sent = FIFO<Sent>()
    private var backlog = FIFO<Queued>()
    private var backoff: Backoff
    private var random = SystemRandomNumberGenerator()
    private var hook: TickHook?
    private var watchdog: LoopTimer?
    private var reconnect: LoopTimer?
    private var connectDeadline: Int64 = 0
    private var nextIdentityCheck: Int64 = 0
    private var isClosed = false

    /// Deadlines are looked at this often.
    private static let watchdogInterval = Duration.milliseconds(50)

    /// A connection that is not begun yet. On the loop's thread only.
    public init(loop: EventLoop, configuration: RedisConfiguration) {
        self.loop = loop
        self.configuration = configuration
        self.backoff = Backoff(configuration.backoff)
    }

    /// Begins connecting, and goes on for ever until `close`.
    ///
    /// - Throws: when the loop has no memory for a timer.
    public func start() throws(EventLoopError) {
        hook = loop.atEndOfTick(.flush) { [weak self] in self?.transport?.flush() }
        watchdog = try LoopTimer(loop: loop, after: Self.watchdogInterval, repeats: true) { [weak self] in
            self?.checkDeadlines()
        }
        connect()
    }

    /// Ends the connection; what waits is answered with an error.
    public func close() {
        isClosed = true
        if let hook { loop.remove(hook) }
        hook = nil
        watchdog?.cancel()
        reconnect?.cancel()
        transport?.close("closed")
        failBacklog()
    }

    // MARK: - Commands

    /// Sends a command and hands its answer to `completion`, on the loop's thread, exactly once.
    public func send(_ command: RedisCommand, completion: @escaping Completion) {
        let now = monotonicNanoseconds()
        if isReady, backlog.isEmpty {
            transmit(command, deadline: now + configuration.commandTimeout.nanoseconds, completion)
        } else if isClosed || backlog.count >= configuration.backlogLimit {
            completion(.failure(RedisError(.notConnected, lastFailure)))
        } else {
            let deadline = now + configuration.connectTimeout.nanoseconds
            backlog.append(Queued(command: command, deadline: deadline, completion: completion))
        }
    }

    /// Sends a command.
    ///
    /// - Throws: `.notConnected`: it was not sent; `.outcomeUnknown`: it may have been carried out; `.server`: it was
    ///   refused.
    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        let result = await unsafe withUnsafeContinuation { continuation in
            send(command) { unsafe continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Runs a script. When Redis does not have it (which proves that it was not run) it is loaded and run again.
    public func evaluate(_ call: RedisScriptCall, completion: @escaping Completion) {
        send(call.command) { [self] result in
            guard case .failure(let error) = result, error.serverKind == "NOSCRIPT" else { return completion(result) }
            send(RedisCommand(["SCRIPT", "LOAD", call.script.source])) { [self] loaded in
                if case .failure = loaded { return completion(loaded) }
                send(call.command, completion: completion)
            }
        }
    }

    /// Runs a script; throws as `send`.
    public func evaluate(_ call: RedisScriptCall) async throws(RedisError) -> RedisValue {
        let result = await unsafe withUnsafeContinuation { continuation in
            evaluate(call) { unsafe continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    private func transmit(_ command: RedisCommand, deadline: Int64, _ completion: @escaping Completion) {
        guard let transport, transport.send(command) else {
            return completion(.failure(RedisError(.notConnected, lastFailure)))
        }
        sent.append(Sent(deadline: deadline, completion: completion))
    }

    private func received(_ value: RedisValue) {
        guard let first = sent.popFirst() else {
            transport?.close("an answer to no question")
            return
        }
        guard case .error(let text) = value else { return first.completion(.success(value)) }
        let error = RedisError(serverText: text)
        if ["READONLY", "MOVED", "LOADING", "MASTERDOWN"].contains(error.serverKind) {
            // It may be another Redis by now.
            identity = nil
            nextIdentityCheck = 0
        }
        first.completion(.failure(error))
    }

    // MARK: - Connecting

    private func connect() {
        guard !isClosed else { return }
        connectDeadline = monotonicNanoseconds() + configuration.connectTimeout.nanoseconds
        do {
            let transport = try RedisTransport(loop: loop, address: configuration.address)
            transport.onConnected = { [unowned self] in self.greet() }
            transport.onReply = { [unowned self] in self.received($0) }
            transport.onGone = { [unowned self] in self.gone($0) }
            self.transport = transport
        } catch {
            lastFailure = error.detail
            connectLater()
        }
    }

    /// Everything a connection needs before it is used, in one write: credentials, database, name, identity.
    private func greet() {
        var greetings: [[String]] = []
        if let password = configuration.password {
            greetings.append(["AUTH"] + (configuration.user.map { [$0] } ?? []) + [password])
        }
        if configuration.database != 0 { greetings.append(["SELECT", String(configuration.database)]) }
        let deadline = connectDeadline
        for greeting in greetings {
            transmit(RedisCommand(greeting), deadline: deadline) { [weak self] result in
                if case .failure(let error) = result { self?.transport?.close(error.detail) }
            }
        }
        transmit(RedisCommand(Self.identityQuestion), deadline: deadline) { [weak self] result in
            self?.greeted(result)
        }
    }

    private static let identityQuestion = ["INFO", "server", "replication"]

    private func greeted(_ result: Result<RedisValue, RedisError>) {
        guard case .success(let value) = result, let identity = RedisIdentity(info: value.string ?? "") else {
            if case .failure(let error) = result, error.code == .server { transport?.close(error.detail) }
            return
        }
        lastFailure = ""
        backoff.succeeded()
        isReady = true
        self.identity = identity
        nextIdentityCheck = monotonicNanoseconds() + configuration.identityInterval.nanoseconds
        let deadline = monotonicNanoseconds() + configuration.commandTimeout.nanoseconds
        while isReady, let queued = backlog.popFirst() {
            transmit(queued.command, deadline: deadline, queued.completion)
        }
    }

    private func gone(_ reason: String) {
        lastFailure = reason
        transport = nil
        isReady = false
        identity = nil
        while let first = sent.popFirst() {
            first.completion(.failure(RedisError(.outcomeUnknown, reason)))
        }
        connectLater()
    }

    private func connectLater() {
        guard !isClosed else { return }
        let delay = backoff.failed(using: &random)
        reconnect = try? LoopTimer(loop: loop, after: delay, repeats: false) { [weak self] in self?.connect() }
    }

    // MARK: - Deadlines

    private func checkDeadlines() {
        let now = monotonicNanoseconds()
        if let first = sent.first, first.deadline < now {
            transport?.close("no answer in time")
        } else if !isReady, let transport, connectDeadline < now {
            transport.close("no connection in time")
        }
        while let first = backlog.first, first.deadline < now {
            _ = backlog.popFirst()
            first.completion(.failure(RedisError(.notConnected, lastFailure)))
        }
        if isReady, nextIdentityCheck <= now { checkIdentity(now) }
    }

    private func checkIdentity(_ now: Int64) {
        nextIdentityCheck = now + configuration.identityInterval.nanoseconds
        send(RedisCommand(Self.identityQuestion)) { [weak self] result in
            guard case .success(let value) = result else { return }
            self?.identity = RedisIdentity(info: value.string ?? "")
        }
    }

    private func failBacklog() {
        while let first = backlog.popFirst() {
            first.completion(.failure(RedisError(.notConnected, lastFailure)))
        }
    }
}

extension Duration {
    /// In nanoseconds; settings are far below the 292 years that fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
