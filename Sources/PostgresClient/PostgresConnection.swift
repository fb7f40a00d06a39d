import CLibpq
public import EventLoop

/// One connection to PostgreSQL on a loop: one question at a time, several statements a question (pipeline mode).
///
/// Statements are prepared the first time they are asked. After any failure of the connection itself it is given up:
/// `isUsable` turns false and never true again.
@safe public final class PostgresConnection {
    private let loop: EventLoop
    private let configuration: PostgresConfiguration
    private var handle: OpaquePointer?
    private var watch: DescriptorWatch?
    private var deadline: LoopTimer?
    private var prepared: [String: String] = [:]
    private var preparations = 0
    private var exchange: Exchange?
    private var connecting: UnsafeContinuation<Bool, Never>?
    private var failure = ""

    /// Statements of one server session that stay prepared; a program asks a few dozen.
    private static let preparedLimit = 200

    /// Whether it can be asked.
    public var isUsable: Bool { unsafe handle != nil }

    /// What is being asked, and what has come back.
    @safe private struct Exchange {
        var rows: [PostgresRows] = []
        var error: PostgresError?
        let isPipeline: Bool
        var expected: ArraySlice<Expectation>
        let continuation: UnsafeContinuation<Result<[PostgresRows], PostgresError>, Never>
    }

    /// What the next result of a pipeline belongs to.
    private enum Expectation {
        case preparation(sql: String, name: String)
        case statement
    }

    /// Connects. On the loop's thread only. The corresponding C functions are `PQconnectStart` and `PQconnectPoll`.
    ///
    /// - Throws: `.notConnected` with libpq's message.
    public init(loop: EventLoop, configuration: PostgresConfiguration) async throws(PostgresError) {
        self.loop = loop
        self.configuration = configuration
        guard let handle = unsafe PQconnectStart(configuration.url) else {
            throw PostgresError(.notConnected, "out of memory")
        }
        unsafe self.handle = handle
        let connected = unsafe PQstatus(handle) != CONNECTION_BAD
        guard connected, await connect() else {
            if failure.isEmpty { failure = unsafe String(cString: PQerrorMessage(handle)) }
            let message = failure
            close()
            throw PostgresError(.notConnected, message)
        }
        _ = unsafe PQsetnonblocking(handle, 1)
    }

    deinit {
        if let handle = unsafe handle {
            watch?.cancel()
            unsafe PQfinish(handle)
        }
    }

    /// Ends the connection. The corresponding C function is `PQfinish`.
    public func close() {
        guard let handle = unsafe handle else { return }
        unsafe self.handle = nil
        watch?.cancel()
        watch = nil
        deadline?.cancel()
        deadline = nil
        unsafe PQfinish(handle)
        if let exchange {
            self.exchange = nil
            let error = PostgresError(.outcomeUnknown, failure.isEmpty ? "the connection was closed" : failure)
            unsafe exchange.continuation.resume(returning: .failure(error))
        }
    }

    // MARK: - Connecting

    private func connect() async -> Bool {
        await unsafe withUnsafeContinuation { continuation in
            unsafe connecting = continuation
            deadline = try? LoopTimer(loop: loop, after: configuration.connectTimeout, repeats: false) { [weak self] in
                self?.failure = "no connection in time"
                self?.connected(false)
            }
            watchSocket(reading: false, writing: true)
        }
    }

    /// The socket may change while libpq tries one address after another.
    private func watchSocket(reading: Bool, writing: Bool) {
        guard let handle = unsafe handle else { return }
        watch?.cancel()
        watch = try? DescriptorWatch(
            loop: loop, descriptor: unsafe PQsocket(handle),
            onRead: { [unowned self] in self.ready() }, onWrite: { [unowned self] in self.ready() })
        watch?.reading = reading
        watch?.writing = writing
        if watch == nil { connected(false) }
    }

    private func ready() {
        guard unsafe connecting != nil else { return proceed() }
        guard let handle = unsafe handle else { return }
        switch unsafe PQconnectPoll(handle) {
        case PGRES_POLLING_READING: watchSocket(reading: true, writing: false)
        case PGRES_POLLING_WRITING: watchSocket(reading: false, writing: true)
        case PGRES_POLLING_OK: connected(true)
        default: connected(false)
        }
    }

    private func connected(_ success: Bool) {
        guard let continuation = unsafe connecting else { return }
        unsafe connecting = nil
        deadline?.cancel()
        deadline = nil
        if success { watchSocket(reading: true, writing: false) }
        unsafe continuation.resume(returning: success)
    }

    // MARK: - Asking

    /// Asks one statement.
    ///
    /// - Throws: `.server` when PostgreSQL refused it, `.outcomeUnknown` when its answer was lost.
    public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws(PostgresError) -> PostgresRows {
        let rows = try await pipeline([PostgresStatement(sql, parameters)])
        guard let first = rows.first else { throw PostgresError(.decoding, "no result") }
        return first
    }

    /// Asks several statements in one round trip, in order (libpq's pipeline mode). Outside a transaction they are one.
    ///
    /// - Throws: the first statement's error; those after it were not carried out.
    public func pipeline(_ statements: [PostgresStatement]) async throws(PostgresError) -> [PostgresRows] {
        precondition(exchange == nil, "a connection is asked one thing at a time")
        guard let handle = unsafe handle else { throw PostgresError(.notConnected, failure) }
        if prepared.count > Self.preparedLimit {
            prepared.removeAll()
            _ = try await simple("DEALLOCATE ALL")
        }
        guard unsafe PQenterPipelineMode(handle) == 1 else { throw lost() }
        var expected: [Expectation] = []
        var names = prepared
        for statement in statements {
            guard enqueue(statement, &names, &expected) else { throw lost() }
        }
        guard unsafe PQpipelineSync(handle) == 1 else { throw lost() }
        return try await answers(isPipeline: true, expected: expected)
    }

    /// Asks a text of several statements without parameters, as one transaction; for migrations.
    public func simple(_ sql: String) async throws(PostgresError) -> [PostgresRows] {
        precondition(exchange == nil, "a connection is asked one thing at a time")
        guard let handle = unsafe handle else { throw PostgresError(.notConnected, failure) }
        guard unsafe PQsendQuery(handle, sql) == 1 else { throw lost() }
        return try await answers(isPipeline: false, expected: [])
    }

    private func enqueue(
        _ statement: PostgresStatement, _ names: inout [String: String], _ expected: inout [Expectation]
    ) -> Bool {
        guard let handle = unsafe handle else { return false }
        let name: String
        if let known = names[statement.sql] {
            name = known
        } else {
            preparations += 1
            name = "s\(preparations)"
            guard unsafe PQsendPrepare(handle, name, statement.sql, 0, nil) == 1 else { return false }
            expected.append(.preparation(sql: statement.sql, name: name))
            names[statement.sql] = name
        }
        let values = statement.parameters.map { $0.wire.map { Array($0.utf8CString) } }
        expected.append(.statement)
        return unsafe withPointers(to: values) { pointers in
            unsafe PQsendQueryPrepared(handle, name, Int32(pointers.count), pointers, nil, nil, 0) == 1
        }
    }

    private func answers(
        isPipeline: Bool, expected: [Expectation]
    ) async throws(PostgresError) -> [PostgresRows] {
        let result = await unsafe withUnsafeContinuation { continuation in
            exchange = unsafe Exchange(isPipeline: isPipeline, expected: expected[...], continuation: continuation)
            deadline = try? LoopTimer(loop: loop, after: configuration.statementTimeout, repeats: false) {
                [weak self] in
                self?.failure = "no answer in time"
                self?.close()
            }
            proceed()
        }
        return try result.get()
    }

    /// The connection failed between two questions or while one was being asked.
    private func lost() -> PostgresError {
        if let handle = unsafe handle { failure = unsafe String(cString: PQerrorMessage(handle)) }
        let message = failure
        close()
        return PostgresError(.outcomeUnknown, message)
    }

    // MARK: - Answers

    private func proceed() {
        guard let handle = unsafe handle else { return }
        let unsent = unsafe PQflush(handle)
        watch?.writing = unsent == 1
        guard unsent >= 0, unsafe PQconsumeInput(handle) == 1 else {
            failure = unsafe String(cString: PQerrorMessage(handle))
            return close()
        }
        while exchange != nil, unsafe PQisBusy(handle) == 0 {
            guard unsafe take(PQgetResult(handle)) else { return }
        }
    }

    /// Takes one result; false when the exchange is over or the connection gone.
    private func take(_ result: OpaquePointer?) -> Bool {
        guard let result = unsafe result else {
            // NULL ends a statement's results in pipeline mode, the whole exchange otherwise.
            if exchange?.isPipeline == false {
                finish()
                return false
            }
            return true
        }
        defer { unsafe PQclear(result) }
        switch unsafe PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            finish()
            return false
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            if case .preparation(let sql, let name)? = nextExpected() {
                prepared[sql] = name
            } else {
                unsafe exchange?.rows.append(PostgresRows(copying: result))
            }
        case PGRES_PIPELINE_ABORTED:
            _ = nextExpected()
        default:
            _ = nextExpected()
            if exchange?.error == nil { exchange?.error = unsafe Self.error(result) }
        }
        return true
    }

    private func nextExpected() -> Expectation? { exchange?.expected.popFirst() }

    private func finish() {
        guard let exchange, let handle = unsafe handle else { return }
        deadline?.cancel()
        deadline = nil
        self.exchange = nil
        if exchange.isPipeline, unsafe PQexitPipelineMode(handle) != 1 {
            failure = unsafe String(cString: PQerrorMessage(handle))
            close()
        }
        if let error = exchange.error {
            unsafe exchange.continuation.resume(returning: .failure(error))
        } else {
            unsafe exchange.continuation.resume(returning: .success(exchange.rows))
        }
    }

    /// The corresponding C function is `PQresultErrorField`.
    @unsafe private static func error(_ result: OpaquePointer) -> PostgresError {
        func field(_ code: Character) -> String? {
            unsafe PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { unsafe String(cString: $0) }
        }
        return PostgresError(
            .server, field("M") ?? "", sqlState: field("C") ?? "XX000", constraint: field("n"))
    }
}

/// Calls `body` with an array of pointers to NUL-terminated texts, `nil` for NULL.
@unsafe private func withPointers<Result>(
    to values: [[CChar]?], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
    var storage: [CChar] = []
    var offsets: [Int?] = []
    for value in values {
        guard let value else {
            offsets.append(nil)
            continue
        }
        offsets.append(storage.count)
        storage.append(contentsOf: value)
    }
    return unsafe storage.withUnsafeBufferPointer { buffer in
        let pointers = unsafe offsets.map { offset in
            unsafe offset.flatMap { unsafe buffer.baseAddress?.advanced(by: $0) }
        }
        return unsafe body(pointers)
    }
}
