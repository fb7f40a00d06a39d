public import EventLoop
import Metrics
public import PostgresClient
public import RedisClient

/// Measures what a loop and its connections do. Lives on the loop; keep it as long as they live.
public final class StoreSampler {
    private let connection: RedisConnection
    private let pool: PostgresPool
    private let more: () -> Void
    private let name: String
    private let lag: Histogram
    private var timer: LoopTimer?
    private var expected: Int64

    /// Short enough that a stall of a tenth of a second is seen, long enough to cost nothing.
    private static let interval = Duration.milliseconds(100)
    private static let intervalNanoseconds: Int64 = 100_000_000

    /// Begins to measure. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - name: of the loop, as the metrics tell it.
    ///   - more: what else is to be measured, on the loop, ten times a second.
    public init(
        loop: EventLoop, name: String, connection: RedisConnection, pool: PostgresPool,
        more: @escaping () -> Void = {}
    ) {
        self.connection = connection
        self.pool = pool
        self.more = more
        self.name = name
        let metrics = StoreMetrics.shared
        lag = metrics.loopLag[name]
        expected = monotonicNanoseconds() + Self.intervalNanoseconds
        let redisTime = metrics.redisTime[]
        connection.onReply = { redisTime.observe($0) }
        let postgresTime = metrics.postgresTime[]
        pool.onRelease = { postgresTime.observe($0) }
        // Without memory for a timer nothing is sampled.
        timer = try? LoopTimer(loop: loop, after: Self.interval, repeats: true) { [unowned self] in sample() }
    }

    private func sample() {
        let now = monotonicNanoseconds()
        lag.observe(max(0, now - expected))
        expected = now + Self.intervalNanoseconds
        let metrics = StoreMetrics.shared
        metrics.redisPending[name].set(connection.pendingCommands)
        metrics.postgresConnections[name, "busy"].set(pool.busyCount)
        metrics.postgresConnections[name, "idle"].set(pool.connectionCount - pool.busyCount)
        metrics.postgresWaiters[name].set(pool.waiterCount)
        more()
    }
}
