package import Loops

/// One session with PostgreSQL. Lives on one loop; runs one command at a time.
///
/// Statements are prepared at first use and cached by their SQL. Cancelling the task does not end a wait; timeouts do.
@safe package final class PostgresConnection {
    let loop: EventLoop
    private let commandTimeout: Duration
    private var handle: ConnectionHandle?
    private var watch: DescriptorWatch?
    private var timer: LoopTimer?
    var cache: StatementCache
    private var exchange: Exchange?
    private var continuation: UnsafeContinuation<Result<[PostgresRows], PostgresError>, Never>?
    /// Why the connection was lost.
    private var ending: PostgresError?
    /// Whether it was lost because the server did not answer in time.
    private(set) var wasSilent = false
    /// Called once if the connection is lost.
    var onClose: (() -> Void)?
    /// BEGIN, until it is sent with the transaction's first statement.
    var deferredBegin: PostgresStatement?
    /// True between BEGIN and COMMIT: losing the connection undoes whatever was sent.
    var lossUndoes = false

    private init(loop: EventLoop, configuration: PostgresConfiguration, handle: ConnectionHandle) {
        self.loop = loop
        self.commandTimeout = configuration.commandTimeout
        self.cache = StatementCache(capacity: configuration.preparedStatements)
        self.handle = handle
    }

    deinit { watch?.cancel() }

    /// Connects and sets the session's timeouts. On the loop's thread only.
    ///
    /// - Throws: `.connectionFailed`.
    package static func connect(
        on loop: EventLoop, configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        loop.executor.checkIsolated()
        let handle = try await ConnectionAttempt.connect(on: loop, configuration: configuration)
        let connection = PostgresConnection(loop: loop, configuration: configuration, handle: handle)
        do {
            try connection.watch(handle)
        } catch {
            throw PostgresError(.connectionFailed, "no event")
        }
        do throws(PostgresError) {
            _ = try await connection.pipeline([configuration.sessionSettings], timeout: configuration.connectTimeout)
        } catch {
            connection.close()
            var failure = PostgresError(.connectionFailed, "the session's settings failed", message: error.message)
            failure.sqlState = error.sqlState
            throw failure
        }
        return connection
    }

    /// Whether commands can be sent, as far as is known.
    package var isOpen: Bool { handle != nil }

    /// Whether no transaction is open and no command is running.
    package var isIdle: Bool { exchange == nil && handle?.transaction == .idle }

    /// Whether a transaction is open and none of its statements has failed.
    var isInTransaction: Bool { exchange == nil && handle?.transaction == .open }

    /// Checks whether the server has closed the connection.
    func probe() -> Bool {
        guard let handle, exchange == nil else { return false }
        // No command is running, so input is a termination message, or a parameter change, for which giving up one
        // connection is cheap.
        guard handle.isUsable, !handle.hasInput else {
            lose(PostgresError(.notConnected, "the server closed the connection"))
            return false
        }
        return true
    }

    /// Runs several statements in one round trip.
    ///
    /// Outside a transaction they form one of their own: all or none. The first failure skips the rest and is thrown.
    ///
    /// - Parameters:
    ///   - statements: any number; none returns no rows.
    ///   - timeout: maximum wait for all answers; nil is the configuration's command timeout.
    /// - Returns: the rows of each statement, in order.
    package func pipeline(
        _ statements: [PostgresStatement], timeout: Duration? = nil
    ) async throws(PostgresError) -> [PostgresRows] {
        guard !statements.isEmpty else { return [] }
        var encoded: [Parameters] = []
        for statement in statements {
            try statement.check()
            encoded.append(try Parameters(statement.parameters))
        }
        let parameters = encoded
        return try await perform(timeout: timeout) { connection, handle in
            connection.send(statements, parameters, on: handle)
        }
    }

    /// Runs one statement, which is prepared at first use.
    ///
    /// - Parameters:
    ///   - sql: one statement, constant across calls.
    ///   - parameters: one for each `$n`.
    ///   - timeout: maximum wait; nil is the configuration's command timeout.
    package func query(
        _ sql: String, _ parameters: [PostgresValue] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        try await query(PostgresStatement(sql, parameters), timeout: timeout)
    }

    /// Runs one statement.
    package func query(
        _ statement: PostgresStatement, timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresRows {
        guard let rows = try await pipeline([statement], timeout: timeout).first else {
            throw PostgresError(.decoding, "a statement without a result")
        }
        return rows
    }

    /// Runs a script of any number of statements without parameters, such as a migration.
    package func simpleQuery(_ sql: String, timeout: Duration? = nil) async throws(PostgresError) -> [PostgresRows] {
        guard !sql.utf8.contains(0) else { throw PostgresError(.misuse, "a NUL character in the SQL") }
        if let begin = deferredBegin {
            deferredBegin = nil
            _ = try await query(begin, timeout: timeout)
        }
        return try await perform(timeout: timeout) { _, handle in handle.sendSimple(sql) ? [.simple] : nil }
    }

    /// The verifier that the server stores for a password (SCRAM-SHA-256, RFC 5803): by sending it, the password itself
    /// stays out of the server and its log. nil if there is no connection.
    package func verifier(of password: String, user: String) -> String? {
        handle?.verifier(of: password, user: user)
    }

    /// Ends the session; a running command fails as if the connection were lost.
    package func close() {
        onClose = nil
        lose(PostgresError(.outcomeUnknown, "connection closed"))
    }
}

// MARK: - One command

extension PostgresConnection {
    private typealias Send = (PostgresConnection, ConnectionHandle) -> [Exchange.Step]?

    private func perform(
        timeout: Duration?, _ send: Send
    ) async throws(PostgresError) -> [PostgresRows] {
        loop.executor.checkIsolated()
        guard let handle else { throw PostgresError(.notConnected, ending?.note ?? "closed") }
        guard exchange == nil else { throw PostgresError(.misuse, "two commands at once on one connection") }
        let result = await unsafe withUnsafeContinuation {
            (continuation: UnsafeContinuation<Result<[PostgresRows], PostgresError>, Never>) in
            // Suspending may let other callbacks of the loop run first, which may find that the connection is lost.
            guard self.handle === handle else {
                let error = PostgresError(.notConnected, ending?.note ?? "closed")
                return unsafe continuation.resume(returning: .failure(error))
            }
            unsafe self.continuation = continuation
            begin(send, on: handle, within: timeout ?? commandTimeout)
        }
        return try result.get()
    }

    private func begin(_ send: Send, on handle: ConnectionHandle, within timeout: Duration) {
        guard let steps = send(self, handle) else {
            return lose(PostgresError(.outcomeUnknown, "the command could not be sent"))
        }
        exchange = Exchange(steps: steps)
        timer = try? LoopTimer(loop: loop, after: timeout, repeats: false) { [unowned self] in
            // A timeout shorter than usual does not prove that the server hangs.
            wasSilent = timeout >= commandTimeout
            lose(PostgresError(.outcomeUnknown, "no answer in time"))
        }
        guard timer != nil else { return lose(PostgresError(.outcomeUnknown, "no timer")) }
        flush()
    }
}

// MARK: - The descriptor

extension PostgresConnection {
    private func watch(_ handle: ConnectionHandle) throws(EventLoopError) {
        let watch = try DescriptorWatch(
            loop: loop, descriptor: handle.socket,
            onRead: { [unowned self] in read() }, onWrite: { [unowned self] in flush() })
        watch.reading = true
        self.watch = watch
    }

    private func flush() {
        guard let handle else { return }
        switch handle.flush() {
        case .done: watch?.writing = false
        case .more: watch?.writing = true
        // The server may have sent a reason, which is still to be read.
        case .failed: read()
        }
    }

    private func read() {
        guard let handle else { return }
        let alive = handle.consumeInput()
        handle.dropNotifications()
        takeResults(of: handle)
        guard self.handle != nil else { return }
        if !alive || !handle.isUsable {
            lose(PostgresError(.outcomeUnknown, "the connection was lost"))
        }
        // Reading may have made room for pending output.
        else if watch?.writing == true {
            flush()
        }
    }

    private func takeResults(of handle: ConnectionHandle) {
        while var exchange, !exchange.isComplete, !handle.isBusy {
            self.exchange = nil
            if let result = handle.nextResult() {
                exchange.take(result, cache: &cache)
            } else {
                exchange.takeEnd()
            }
            self.exchange = exchange
            if let ending = exchange.ending {
                var loss = PostgresError(.outcomeUnknown, ending.note, message: ending.message)
                loss.sqlState = ending.sqlState
                loss.severity = ending.severity
                return lose(loss)
            }
        }
        guard let exchange, exchange.isComplete else { return }
        complete(exchange, on: handle)
    }

    private func complete(_ exchange: Exchange, on handle: ConnectionHandle) {
        // One more call lets libpq see the end of the simple query or the pipeline.
        guard handle.exitPipeline() else { return lose(PostgresError(.outcomeUnknown, "the pipeline did not end")) }
        finish(exchange.outcome)
    }

    private func finish(_ result: Result<[PostgresRows], PostgresError>) {
        exchange = nil
        timer?.cancel()
        timer = nil
        guard let continuation = unsafe continuation else { return }
        unsafe self.continuation = nil
        unsafe continuation.resume(returning: result)
    }

    /// Closes the connection and fails the running command.
    private func lose(_ reason: PostgresError) {
        guard let handle else { return }
        ending = reason
        watch?.cancel()
        watch = nil
        if exchange != nil { handle.cut() }
        self.handle = nil
        deferredBegin = nil
        var failure = reason
        if lossUndoes {
            failure = PostgresError(.notConnected, "\(reason.note); transaction rolled back", message: reason.message)
            failure.sqlState = reason.sqlState
        }
        finish(.failure(failure))
        onClose?()
        onClose = nil
    }
}
