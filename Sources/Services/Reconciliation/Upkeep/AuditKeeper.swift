package import Loops
package import PostgresClient
import Records

/// Maintains the audit log: deletes entries older than the retention, and marks the outcome of writes whose process
/// died as unknown. One per reconciler; several may run at once.
package final class AuditKeeper {
    private let log: AuditLog
    private let retained: Int64
    private let now: () -> Int64
    private let periodic: PeriodicLoop

    /// Entries per DELETE statement, which takes a few milliseconds.
    private static let limit = 500
    /// The pause if nothing is left to delete.
    private static let pause = Duration.seconds(60)
    /// The pause if there is more to delete.
    private static let step = Duration.milliseconds(100)
    /// Every request has ended long before this time.
    private static let intentSeconds: Int64 = 300

    /// Does not start the keeper. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - retained: how long entries are kept, seconds.
    ///   - now: returns Unix milliseconds.
    package init(loop: EventLoop, pool: PostgresPool, retained: Int64, now: @escaping () -> Int64) {
        log = AuditLog(pool: pool)
        self.retained = retained
        self.now = now
        periodic = PeriodicLoop(loop)
    }

    /// Runs until `stop`; while PostgreSQL is unavailable, retries after each pause.
    package func run() async {
        await periodic.run { [self] in
            try? await log.resolveIntents(olderThan: Self.intentSeconds)
            let deleted = (try? await deleteSome()) ?? 0
            return deleted == Self.limit ? Self.step : Self.pause
        }
    }

    /// Deletes at most `limit` entries older than the retention.
    ///
    /// - Returns: the number of deleted entries.
    func deleteSome() async throws(PostgresError) -> Int {
        try await log.forget(before: now() - retained * 1000, limit: Self.limit)
    }

    /// Ends `run`, and waits for it.
    package func stop() async {
        periodic.stop()
        await periodic.finished()
    }
}
