extension PostgresConnection {
    /// Opens a transaction with the next statement.
    func beginLazily(_ isolation: PostgresIsolation) {
        deferredBegin = PostgresStatement(isolation.begin, isPrepared: false)
        lossUndoes = true
    }

    /// Commits, if anything was done.
    ///
    /// - Parameter last: what is still to be done; it travels with COMMIT, which the server skips when one of it fails.
    /// - Throws: `.outcomeUnknown` when the answer was lost; `.server` when nothing was committed.
    func commit(after last: [PostgresStatement] = []) async throws(PostgresError) {
        if deferredBegin != nil, last.isEmpty { return forgetTransaction() }
        guard isOpen else { throw PostgresError(.notConnected, "the connection was lost before COMMIT") }
        lossUndoes = false
        let answers = try await pipeline(last + [PostgresStatement("COMMIT", isPrepared: false)])
        // A transaction in which a statement failed answers COMMIT with success, and ROLLBACK.
        guard answers.last?.commandTag == "COMMIT" else {
            var error = PostgresError(.server(sqlState: "25P02"), "a statement had failed: nothing was committed")
            error.sqlState = "25P02"
            throw error
        }
    }

    /// Rolls back, if anything was done. If that fails the connection does not become idle, and is closed.
    func rollback() async {
        defer { forgetTransaction() }
        guard deferredBegin == nil, isOpen, !isIdle else { return }
        _ = try? await query(PostgresStatement("ROLLBACK", isPrepared: false))
    }

    /// Ends what `beginLazily` began on this side.
    func forgetTransaction() {
        deferredBegin = nil
        lossUndoes = false
    }
}
