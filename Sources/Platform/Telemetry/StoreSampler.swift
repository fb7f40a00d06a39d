package import Loops
import Metrics
package import PostgresClient
package import RedisClient

/// Samples a loop and its connections for the metrics. Lives on the loop; keep it for the loop's lifetime.
package final class StoreSampler {
    private let connection: RedisConnection
    private let pool: PostgresPool
    private let more: () -> Void
    private let lag: Histogram
    private let redisPending: Counter
    private let busy: Counter
    private let idle: Counter
    private let waiters: Counter
    private var timer: LoopTimer?
    private var interval = StoreSampler.usual
    private var expected: Int64 = 0
    /// Ticks of the loop since the last sample.
    private var ticks = 0

    /// Short enough to see a stall of a tenth of a second, long enough to cost nothing.
    private static let usual = Duration.milliseconds(100)
    /// The interval while the loop is nearly idle: otherwise sampling would be its main work.
    private static let resting = Duration.seconds(1)
    /// Ticks per `usual` interval up to which the loop counts as idle; its own timers take fewer.
    private static let quietTicks = 10

    /// Starts sampling. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - name: the loop's name in the metrics.
    ///   - more: samples more, on the loop, ten times a second; once a second while the loop is nearly idle.
    package init(
        loop: EventLoop, name: String, connection: RedisConnection, pool: PostgresPool,
        more: @escaping () -> Void = {}
    ) {
        self.connection = connection
        self.pool = pool
        self.more = more
        let metrics = StoreMetrics.shared
        lag = metrics.loopLag[name]
        redisPending = metrics.redisPending[name]
        busy = metrics.postgresConnections[name, "busy"]
        idle = metrics.postgresConnections[name, "idle"]
        waiters = metrics.postgresWaiters[name]
        let redisTime = metrics.redisTime[]
        connection.onReply = { redisTime.observe($0) }
        let postgresTime = metrics.postgresTime[]
        pool.onRelease = { postgresTime.observe($0) }
        // Out of memory for a timer: nothing is sampled.
        timer = try? LoopTimer(loop: loop, after: interval, repeats: true) { [unowned self] in sample() }
        expect()
        _ = loop.atEndOfTick(.flush) { [weak self] in self?.ticked() }
    }

    private func expect() { expected = monotonicNanoseconds() + interval.nanoseconds }

    /// Returns to the usual interval when the loop becomes busy.
    private func ticked() {
        ticks += 1
        if ticks > Self.quietTicks, interval != Self.usual { sample(every: Self.usual) }
    }

    private func sample(every interval: Duration) {
        self.interval = interval
        ticks = 0
        timer?.restart(after: interval)
        expect()
    }

    private func sample() {
        lag.observe(max(0, monotonicNanoseconds() - expected))
        redisPending.set(connection.pendingCommands)
        busy.set(pool.busyCount)
        idle.set(pool.connectionCount - pool.busyCount)
        waiters.set(pool.waiterCount)
        more()
        let isQuiet = ticks <= Self.quietTicks && pool.waiterCount == 0
        let next = isQuiet ? Self.resting : Self.usual
        if next != interval { return sample(every: next) }
        ticks = 0
        expect()
    }
}
