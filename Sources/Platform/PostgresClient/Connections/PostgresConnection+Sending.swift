extension PostgresConnection {
    /// Queues statements in libpq; nil on failure, which only lack of memory or a lost connection causes.
    func send(
        _ statements: [PostgresStatement], _ parameters: [Parameters], on handle: ConnectionHandle
    ) -> [Exchange.Step]? {
        guard handle.enterPipeline(), var steps = sendHousekeeping(on: handle) else { return nil }
        if let begin = deferredBegin {
            guard let none = try? Parameters([]), handle.sendUnprepared(begin.sql, none) else { return nil }
            deferredBegin = nil
            steps.append(.begin)
        }
        for (statement, parameters) in zip(statements, parameters) {
            guard statement.isPrepared else {
                guard handle.sendUnprepared(statement.sql, parameters) else { return nil }
                steps.append(.execute(name: nil))
                continue
            }
            let (name, isNew) = cache.use(statement.sql)
            if isNew {
                guard handle.sendPrepare(name: name, sql: statement.sql) else { return nil }
                steps.append(.prepare(name: name))
            }
            guard handle.sendPrepared(name: name, parameters) else { return nil }
            steps.append(.execute(name: name))
        }
        return handle.sendSync() ? steps + [.synchronize] : nil
    }

    /// Deallocates evicted statements in a separate pipeline, so that a failure is harmless.
    private func sendHousekeeping(on handle: ConnectionHandle) -> [Exchange.Step]? {
        guard !cache.discarded.isEmpty, handle.transaction == .idle else { return [] }
        var steps: [Exchange.Step] = []
        for name in cache.takeDiscarded() {
            guard let none = try? Parameters([]), handle.sendUnprepared("DEALLOCATE \(name)", none) else { return nil }
            steps.append(.housekeeping)
        }
        return handle.sendSync() ? steps + [.synchronize] : nil
    }
}
