import Audit
import Booking
import EventLoop
import Glibc
import Inventory
import Logging
import Metrics
import PostgresClient
import Records
import RedisClient

/// Compares both stores about one event after the other, for as long as a reconciler runs, and tells what differs.
/// Lives on a loop of its own: the reconciler's would stand still while a big event is compared.
final class DriftWatch {
    private let loop: EventLoop
    private let auditor: Auditor
    private let catalogue: Catalogue
    /// The partitions of this copy: another one looks at the others.
    private let partitions: () async -> [Partition]
    private var differing: Set<EventID> = []
    private var isStopping = false
    private var isRunning = false

    /// Between two events at least.
    private static let pause = Duration.seconds(2)
    /// How often `stop` is looked for.
    private static let tick = Duration.milliseconds(500)
    /// PostgreSQL counts all of an event's bookings: after a long look it rests so many times as long, to a bound, for it
    /// may have been long only because others were at work.
    private static let restFactor: Int64 = 50
    private static let longestRest = Duration.seconds(30)

    /// Holds and users of an event that is compared whole: that reads it in one script, for which everybody waits. Of a
    /// bigger one the counters tell; all of it is compared when somebody asks (`usher verify`).
    private static let wholeLimit = 2000

    init(
        loop: EventLoop, inventory: Inventory, pool: PostgresPool, partitions: @escaping () async -> [Partition]
    ) {
        self.loop = loop
        self.partitions = partitions
        auditor = Auditor(loop: loop, inventory: inventory, pool: pool)
        catalogue = Catalogue(pool: pool)
    }

    /// Works until `stop`.
    func run() async {
        isRunning = true
        defer { isRunning = false }
        while !isStopping {
            var seen: Set<EventID> = []
            // A store that is away is somebody else's alarm.
            for event in (try? await catalogue.currentEvents(in: await partitions())) ?? [] where !isStopping {
                seen.insert(event)
                let start = monotonicNanoseconds()
                await look(at: event)
                let taken = Duration.nanoseconds(monotonicNanoseconds() - start)
                await rest(min(max(Self.pause, taken * Self.restFactor), Self.longestRest))
            }
            differing.formIntersection(seen)
            tell()
            await rest(Self.pause)
        }
    }

    /// Ends `run` after the event under way.
    func stop() async {
        isStopping = true
        while isRunning { await loop.sleep(for: .milliseconds(5)) }
    }

    private func rest(_ duration: Duration) async {
        let end = ContinuousClock.now + duration
        while !isStopping, ContinuousClock.now < end { await loop.sleep(for: min(Self.tick, duration)) }
    }

    /// A difference counts when it is there twice: what changes while it is read may look like one.
    private func look(at event: EventID) async {
        guard let first = await verdict(event) else { return }
        let last = first == .drift ? await verdict(event) ?? .drift : first
        ReconcileMetrics.shared.audits[last.rawValue].add()
        if last != .drift {
            differing.remove(event)
        } else if differing.insert(event).inserted {
            Log.error("the stores disagree about an event") { $0.add("eventId", event.description) }
        }
        tell()
    }

    private func verdict(_ event: EventID) async -> AuditReport.Verdict? {
        guard let glance = try? await auditor.glance(event) else { return nil }
        guard glance.size <= Self.wholeLimit, glance.verdict != .drift else { return glance.verdict }
        return (try? await auditor.audit(event))?.verdict
    }

    private func tell() { ReconcileMetrics.shared.drift[].set(differing.count) }
}

/// A drift watch on its loop, with connections of its own.
struct RunningDriftWatch: Sendable {
    private let loop: EventLoop
    private let holder: Holder

    // SAFETY of @unchecked: touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var watch: DriftWatch?
        var connection: RedisConnection?
        var pool: PostgresPool?
    }

    /// How much its thread leaves to the others when there is not enough for all (nice(2)).
    private static let niceness: Int32 = 5

    /// - Parameter partitions: those to look at now.
    static func start(
        _ settings: Settings, partitions: @escaping @Sendable () async -> [Partition]
    ) async throws -> RunningDriftWatch {
        let redis = try settings.redis()
        var postgres = try settings.postgres()
        // It asks one thing after the other.
        postgres.poolSize = 1
        let configuration = postgres
        let keys = KeySpace(partitions: try settings.partitions())
        let loop = try EventLoop(name: "drift")
        let holder = Holder()
        try await loop.run { loop in
            // On Linux of the calling thread; where it is refused, the audit takes its share.
            _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, niceness)
            let connection = RedisConnection(loop: loop, configuration: redis)
            try connection.start()
            let pool = PostgresPool(loop: loop, configuration: configuration)
            let inventory = Inventory(loop: loop, connection: connection, keys: keys, channel: "")
            let watch = DriftWatch(loop: loop, inventory: inventory, pool: pool, partitions: partitions)
            (holder.watch, holder.connection, holder.pool) = (watch, connection, pool)
            loop.spawn { await watch.run() }
        }
        return RunningDriftWatch(loop: loop, holder: holder)
    }

    /// Ends after the event under way.
    func stop() async {
        await loop.run { _ in
            await holder.watch?.stop()
            holder.connection?.close()
            holder.pool?.close()
            (holder.watch, holder.connection, holder.pool) = (nil, nil, nil)
        }
        loop.stop()
    }
}
