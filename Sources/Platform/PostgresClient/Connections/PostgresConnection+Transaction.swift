extension PostgresConnection {
    /// Starts a transaction with the next statement.
    func beginLazily(_ isolation: PostgresIsolation) {
        deferredBegin = PostgresStatement(isolation.begin, isPrepared: false)
        lossUndoes = true
    }

    /// Commits, unless no statement was sent.
    ///
    /// - Parameter last: further statements, sent in one round trip with COMMIT; if one of them fails, the server skips
    ///   COMMIT.
    /// - Throws: `.outcomeUnknown` if the answer was lost; `.server` if nothing was committed.
    func commit(after last: [PostgresStatement] = []) async throws(PostgresError) {
        if deferredBegin != nil, last.isEmpty { return forgetTransaction() }
        guard isOpen else { throw PostgresError(.notConnected, "the connection was lost before COMMIT") }
        lossUndoes = false
        let answers = try await pipeline(last + [PostgresStatement("COMMIT", isPrepared: false)])
        // After a failed statement the server answers COMMIT successfully, but with the tag ROLLBACK.
        guard answers.last?.commandTag == "COMMIT" else {
            var error = PostgresError(.server(sqlState: "25P02"), "a statement failed earlier: nothing was committed")
            error.sqlState = "25P02"
            throw error
        }
    }

    /// Rolls back, unless no statement was sent. If that fails, the connection does not become idle, and is closed.
    func rollback() async {
        defer { forgetTransaction() }
        guard deferredBegin == nil, isOpen, !isIdle else { return }
        _ = try? await query(PostgresStatement("ROLLBACK", isPrepared: false))
    }

    /// Clears the client-side state of `beginLazily`.
    func forgetTransaction() {
        deferredBegin = nil
        lossUndoes = false
    }
}
