package import Loops
package import PostgresClient
import Records

/// Ends what the audit log has open: deletes entries that were kept long enough, and says of writes whose process died
/// that nobody knows how they ended. One a reconciler; several do each other's work without harm.
package final class AuditKeeper {
    private let loop: EventLoop
    private let log: AuditLog
    private let retained: Int64
    private let now: () -> Int64
    private var isStopping = false
    private var isRunning = false

    /// Entries deleted in one statement: it holds locks and writes for a few milliseconds.
    private static let limit = 500
    /// Between two looks when there is nothing left to delete.
    private static let pause = Duration.seconds(60)
    /// Between two statements when there is more.
    private static let step = Duration.milliseconds(100)
    /// A request is over long before.
    private static let intentSeconds: Int64 = 300
    /// How often `stop` is looked for.
    private static let tick = Duration.milliseconds(500)

    /// A keeper that does not run yet. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - retained: how long entries are kept, seconds.
    ///   - now: Unix milliseconds.
    package init(loop: EventLoop, pool: PostgresPool, retained: Int64, now: @escaping () -> Int64) {
        self.loop = loop
        log = AuditLog(pool: pool)
        self.retained = retained
        self.now = now
    }

    /// Works until `stop`; PostgreSQL that is away is tried again at the next look.
    package func run() async {
        isRunning = true
        defer { isRunning = false }
        while !isStopping {
            try? await log.resolveIntents(olderThan: Self.intentSeconds)
            let deleted = (try? await deleteSome()) ?? 0
            await rest(deleted == Self.limit ? Self.step : Self.pause)
        }
    }

    /// Deletes a few entries that were kept long enough.
    ///
    /// - Returns: how many.
    func deleteSome() async throws(PostgresError) -> Int {
        try await log.forget(before: now() - retained * 1000, limit: Self.limit)
    }

    /// Ends `run`.
    package func stop() async {
        isStopping = true
        while isRunning { await loop.sleep(for: .milliseconds(5)) }
    }

    private func rest(_ duration: Duration) async {
        let end = ContinuousClock.now + duration
        while !isStopping, ContinuousClock.now < end { await loop.sleep(for: min(Self.tick, duration)) }
    }
}
