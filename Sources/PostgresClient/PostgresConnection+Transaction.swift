extension PostgresConnection {
    /// Opens a transaction with the next statement.
    func beginLazily(_ isolation: PostgresIsolation) {
        deferredBegin = PostgresStatement(isolation.begin, isPrepared: false)
        lossUndoes = true
    }

    /// Commits, if anything was done.
    ///
    /// - Throws: `.outcomeUnknown` when the answer was lost; `.server` when nothing was committed.
    func commit() async throws(PostgresError) {
        if deferredBegin != nil { return forgetTransaction() }
        guard isOpen else { throw PostgresError(.notConnected, "the connection was lost before COMMIT") }
        lossUndoes = false
        let answer = try await query(PostgresStatement("COMMIT", isPrepared: false))
        // A transaction in which a statement failed answers COMMIT with success, and ROLLBACK.
        guard answer.commandTag == "COMMIT" else {
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
