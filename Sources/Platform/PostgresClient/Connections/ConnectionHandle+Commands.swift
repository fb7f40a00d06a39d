import CLibpq

/// Sending and receiving without blocking: what cannot be sent at once stays in libpq's buffer until `flush`.
extension ConnectionHandle {
    /// The transaction state of the session.
    enum Transaction { case idle, open, failed, busy }

    /// The corresponding C function is `PQtransactionStatus`.
    var transaction: Transaction {
        switch unsafe PQtransactionStatus(pointer) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .busy
        }
    }

    /// The result of flushing the output buffer.
    enum Flush { case done, more, failed }

    /// The corresponding C function is `PQflush`.
    func flush() -> Flush {
        switch unsafe PQflush(pointer) {
        case 0: .done
        case 1: .more
        default: .failed
        }
    }

    /// Reads available input; false if the connection is lost. The corresponding C function is `PQconsumeInput`.
    func consumeInput() -> Bool { unsafe PQconsumeInput(pointer) == 1 }

    /// Whether `nextResult` would block. The corresponding C function is `PQisBusy`.
    var isBusy: Bool { unsafe PQisBusy(pointer) != 0 }

    /// Returns the next result, or nil at the end of a statement's results. Call only if not `isBusy`. The
    /// corresponding C function is `PQgetResult`.
    func nextResult() -> ServerResult? {
        guard let result = unsafe PQgetResult(pointer) else { return nil }
        return unsafe ServerResult(owning: result)
    }

    /// Discards unrequested notifications. The corresponding C function is `PQnotifies`.
    func dropNotifications() {
        while let notification = unsafe PQnotifies(pointer) { unsafe PQfreemem(notification) }
    }

    /// The corresponding C function is `PQenterPipelineMode`.
    func enterPipeline() -> Bool { unsafe PQenterPipelineMode(pointer) == 1 }

    /// False while results are outstanding. The corresponding C function is `PQexitPipelineMode`.
    func exitPipeline() -> Bool { unsafe PQexitPipelineMode(pointer) == 1 }

    /// Ends a pipeline. The corresponding C function is `PQpipelineSync`.
    func sendSync() -> Bool { unsafe PQpipelineSync(pointer) == 1 }

    /// Sends several statements in one string. The corresponding C function is `PQsendQuery`.
    func sendSimple(_ sql: String) -> Bool { unsafe PQsendQuery(pointer, sql) == 1 }

    /// The verifier that the server stores for a password; nil if out of memory. The corresponding C function is
    /// `PQencryptPasswordConn`.
    func verifier(of password: String, user: String) -> String? {
        guard let text = unsafe PQencryptPasswordConn(pointer, password, user, "scram-sha-256") else { return nil }
        defer { unsafe PQfreemem(text) }
        return unsafe String(cString: text)
    }

    /// The corresponding C function is `PQsendPrepare`.
    func sendPrepare(name: String, sql: String) -> Bool { unsafe PQsendPrepare(pointer, name, sql, 0, nil) == 1 }

    /// The corresponding C function is `PQsendQueryPrepared`.
    func sendPrepared(name: String, _ parameters: Parameters) -> Bool {
        unsafe parameters.withPointers { given in
            unsafe PQsendQueryPrepared(
                pointer, name, given.count, given.values, given.lengths, given.formats, 0) == 1
        }
    }

    /// The corresponding C function is `PQsendQueryParams`.
    func sendUnprepared(_ sql: String, _ parameters: Parameters) -> Bool {
        unsafe parameters.withPointers { given in
            unsafe PQsendQueryParams(
                pointer, sql, given.count, nil, given.values, given.lengths, given.formats, 0) == 1
        }
    }
}
