/// Tracks the results that one command expects from the server, step by step; pure bookkeeping around libpq's results.
struct Exchange {
    /// One sent message.
    enum Step: Equatable {
        /// A statement whose rows are ignored and whose failure is harmless.
        case housekeeping
        /// The transaction's BEGIN, sent with its first statement.
        case begin
        case prepare(name: String)
        case execute(name: String?)
        case synchronize
        /// One or more statements sent by the simple query protocol.
        case simple
    }

    private let steps: [Step]
    private var position = 0
    private var rows: [PostgresRows] = []
    private var error: PostgresError?
    /// Set if the server ended the session (a FATAL error) or sent something unexpected.
    private(set) var ending: PostgresError?

    init(steps: [Step]) { self.steps = steps }

    /// Whether all results have arrived.
    var isComplete: Bool { position == steps.count }

    /// The command's result: all rows, or its first error.
    var outcome: Result<[PostgresRows], PostgresError> {
        if let error { .failure(error) } else { .success(rows) }
    }

    /// Takes a result; afterwards `ending` is set if the connection is unusable.
    mutating func take(_ result: borrowing ServerResult, cache: inout StatementCache) {
        guard position < steps.count else { return end("an unexpected result") }
        switch result.kind {
        case .synchronized:
            guard steps[position] == .synchronize else { return end("a pipeline ended early") }
            position += 1
        case .unsupported: end("COPY is not supported")
        case .failed: fail(result.error(), cache: &cache)
        case .skipped: if case .prepare(let name) = steps[position] { cache.forget(name) }
        case .done:
            switch steps[position] {
            case .execute, .simple: rows.append(result.rows())
            case .housekeeping, .begin, .prepare, .synchronize: break
            }
        }
    }

    /// Takes the end of one statement's results.
    mutating func takeEnd() {
        guard position < steps.count, steps[position] != .synchronize else { return end("results ended early") }
        position += 1
    }

    private mutating func fail(_ failure: PostgresError?, cache: inout StatementCache) {
        guard let failure else { return end("the connection was lost") }
        if failure.severity == "FATAL" || failure.severity == "PANIC" { ending = failure }
        switch steps[position] {
        case .housekeeping: return
        case .prepare(let name): cache.forget(name)
        case .execute(let name?):
            // 0A000: the tables under the plan have changed. 26000: the statement was deallocated.
            if failure.sqlState == "0A000" { cache.discard(name) }
            if failure.sqlState == "26000" { cache.forget(name) }
        case .execute, .begin, .simple, .synchronize: break
        }
        error = error ?? failure
    }

    private mutating func end(_ note: String) {
        ending = ending ?? PostgresError(.outcomeUnknown, note)
    }
}
