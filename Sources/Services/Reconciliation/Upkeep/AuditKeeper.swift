package import Loops
package import PostgresClient
import Records

/// Maintains the audit log: deletes entries that were kept long enough, and marks the outcome of writes whose process died
/// as unknown. One a reconciler; several repeat each other's work without harm.
package final class AuditKeeper {
    private let log: AuditLog
    private let retained: Int64
    private let now: () -> Int64
    private let periodic: PeriodicLoop

    /// Entries deleted in one statement: it holds locks and writes for a few milliseconds.
    private static let limit = 500
    /// Between two statements if nothing is left to delete.
    private static let pause = Duration.seconds(60)
    /// Between two statements if there is more.
    private static let step = Duration.milliseconds(100)
    /// A request has ended long before.
    private static let intentSeconds: Int64 = 300

    /// A keeper that does not run yet. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - retained: how long entries are kept, seconds.
    ///   - now: Unix milliseconds.
    package init(loop: EventLoop, pool: PostgresPool, retained: Int64, now: @escaping () -> Int64) {
        log = AuditLog(pool: pool)
        self.retained = retained
        self.now = now
        periodic = PeriodicLoop(loop)
    }

    /// Works until `stop`; while PostgreSQL is away it is tried again after each pause.
    package func run() async {
        await periodic.run { [self] in
            try? await log.resolveIntents(olderThan: Self.intentSeconds)
            let deleted = (try? await deleteSome()) ?? 0
            return deleted == Self.limit ? Self.step : Self.pause
        }
    }

    /// Deletes a few entries that were kept long enough.
    ///
    /// - Returns: how many.
    func deleteSome() async throws(PostgresError) -> Int {
        try await log.forget(before: now() - retained * 1000, limit: Self.limit)
    }

    /// Ends `run`, and waits for it.
    package func stop() async {
        periodic.stop()
        await periodic.finished()
    }
}
