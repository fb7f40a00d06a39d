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
    private let keys: KeySpace
    /// The partitions of this copy, and how far each is persisted: another copy looks at the others.
    private let partitions: () async -> [Partition: PartitionRow]
    private var differing: Set<EventID> = []
    /// Events that were the same in both stores when they were last compared.
    private var equal: [EventID: Equal] = [:]
    private var isStopping = false
    private var isRunning = false
    private var resting: (timer: LoopTimer, continuation: UnsafeContinuation<Void, Never>)?

    /// That both stores said the same of an event.
    private struct Equal {
        /// How far its partition was persisted before the comparison.
        let position: Position
        /// When, on the monotonic clock.
        let nanoseconds: Int64
    }

    /// While it stays the same nothing was persisted and nothing was recovered.
    private struct Position: Equatable {
        let epoch: Int64
        let cursor: StreamID
    }

    /// Between two events at least.
    private static let pause = Duration.seconds(2)
    /// Between two of them where nothing has changed since they were the same.
    private static let idlePause = Duration.seconds(20)
    /// So long at most it takes to compare all events while nothing is persisted, if `pause` between them leaves enough: what
    /// nobody has changed keeps an idle installation no busier than that.
    private static let idleRound = Duration.seconds(300)
    /// PostgreSQL counts all of an event's bookings: after a long look it rests so many times as long, to a bound, for it
    /// may have been long only because others were at work.
    private static let restFactor: Int64 = 50
    private static let longestRest = Duration.seconds(30)

    /// Holds and users of an event that is compared whole: that reads it in one script, for which everybody waits. Of a
    /// bigger one the counters tell; all of it is compared when somebody asks (`usher verify`).
    private static let wholeLimit = 2000

    init(
        loop: EventLoop, inventory: Inventory, pool: PostgresPool,
        partitions: @escaping () async -> [Partition: PartitionRow]
    ) {
        self.loop = loop
        keys = inventory.keys
        self.partitions = partitions
        auditor = Auditor(loop: loop, inventory: inventory, pool: pool)
        catalogue = Catalogue(pool: pool)
    }

    /// Works until `stop`.
    func run() async {
        isRunning = true
        defer { isRunning = false }
        while !isStopping {
            // A store that is away is somebody else's alarm.
            let events = (try? await catalogue.currentEvents(in: Array(await partitions().keys))) ?? []
            await compare(events)
            differing.formIntersection(events)
            let current = Set(events)
            equal = equal.filter { current.contains($0.key) }
            tell()
            await rest(Self.pause)
        }
    }

    /// Compares events one after the other. Where something was persisted, the events that it may be about are not kept
    /// waiting by others.
    private func compare(_ events: [EventID]) async {
        var known: [Partition: PartitionRow] = [:]
        var lastChanged: Int?
        for (index, event) in events.enumerated() where !isStopping {
            let rows = await partitions()
            if rows.count != known.count || !rows.values.allSatisfy({ isSame($0, in: known) }) {
                known = rows
                lastChanged = events.lastIndex { !isUnchanged($0, rows) }
            }
            if isUnchanged(event, rows), isFresh(event), let lastChanged, lastChanged >= index { continue }
            await compare(event, rows, among: events.count)
        }
    }

    /// Compares an event, then rests: longer where nothing had changed since it was last compared.
    private func compare(_ event: EventID, _ rows: [Partition: PartitionRow], among count: Int) async {
        let wasUnchanged = isUnchanged(event, rows)
        let start = monotonicNanoseconds()
        let isEqual = await look(at: event)
        equal[event] = isEqual ? position(of: event, rows).map { Equal(position: $0, nanoseconds: start) } : nil
        let taken = Duration.nanoseconds(monotonicNanoseconds() - start)
        await rest(min(max(Self.pause, taken * Self.restFactor), Self.longestRest))
        guard wasUnchanged, isEqual else { return }
        let end = start + min(Self.idleRound / count, Self.idlePause).nanoseconds
        while !isStopping, monotonicNanoseconds() < end, await partitions().allSatisfy({ isSame($0.value, in: rows) }) {
            await rest(Self.pause)
        }
    }

    private func position(of event: EventID, _ rows: [Partition: PartitionRow]) -> Position? {
        rows[keys.partition(of: event)].map { Position(epoch: $0.epoch, cursor: $0.cursor) }
    }

    private func isSame(_ row: PartitionRow, in rows: [Partition: PartitionRow]) -> Bool {
        rows[row.partition].map { $0.epoch == row.epoch && $0.cursor == row.cursor } ?? false
    }

    /// Whether both stores said the same of an event, and nothing was persisted of its partition since.
    private func isUnchanged(_ event: EventID, _ rows: [Partition: PartitionRow]) -> Bool {
        guard let equal = equal[event] else { return false }
        return equal.position == position(of: event, rows)
    }

    private func isFresh(_ event: EventID) -> Bool {
        guard let equal = equal[event] else { return false }
        return monotonicNanoseconds() - equal.nanoseconds < Self.idleRound.nanoseconds
    }

    /// Ends `run` after the event under way.
    func stop() async {
        isStopping = true
        wake()
        while isRunning { await loop.sleep(for: .milliseconds(5)) }
    }

    /// Sleeps, no longer than until `stop` is called.
    private func rest(_ duration: Duration) async {
        await withUnsafeContinuation { continuation in
            // Out of memory for a timer: not waiting is better than never coming back.
            guard !isStopping,
                let timer = try? LoopTimer(loop: loop, after: duration, repeats: false, { [weak self] in self?.wake() })
            else { return continuation.resume() }
            resting = (timer, continuation)
        }
    }

    private func wake() {
        guard let (timer, continuation) = resting else { return }
        resting = nil
        timer.cancel()
        continuation.resume()
    }

    /// A difference counts when it is there twice: what changes while it is read may look like one.
    ///
    /// - Returns: whether both stores say the same.
    private func look(at event: EventID) async -> Bool {
        guard let first = await verdict(event) else { return false }
        let last = first == .drift ? await verdict(event) ?? .drift : first
        ReconcileMetrics.shared.audits[last.rawValue].add()
        if last != .drift {
            differing.remove(event)
        } else if differing.insert(event).inserted {
            Log.error("the stores disagree about an event") { $0.add("eventId", event.description) }
        }
        tell()
        return last == .ok
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
    /// How often it asks which Redis answers.
    private static let identityInterval = Duration.seconds(5)

    /// - Parameter partitions: those to look at now.
    static func start(
        _ settings: Settings, partitions: @escaping @Sendable () async -> [Partition: PartitionRow]
    ) async throws -> RunningDriftWatch {
        var redis = try settings.redis()
        // Nothing is claimed here: an identity that is out of date makes a comparison say that it cannot compare now.
        redis.identityInterval = identityInterval
        let server = redis
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
            let connection = RedisConnection(loop: loop, configuration: server)
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
