import Audit
import BoxOffice
import Glibc
import Logging
import Loops
import Metrics
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// Compares both stores, event by event, for as long as a reconciler runs, and reports drift. Runs on its own loop:
/// comparing a large event would block the reconciler's loop.
final class DriftWatch {
    private let loop: EventLoop
    private let auditor: Auditor
    private let catalogue: Catalogue
    private let keys: KeySpace
    /// The partitions that this copy leases, and how far each is persisted. Other copies compare the other partitions.
    private let partitions: () async -> [Partition: PartitionRow]
    private var differing: Set<EventID> = []
    /// Events without drift at their last comparison.
    private var equal: [EventID: Equal] = [:]
    private var isStopping = false
    private var isRunning = false
    private var resting: (timer: LoopTimer, continuation: UnsafeContinuation<Void, Never>)?

    /// A comparison that found no drift.
    private struct Equal {
        /// How far its partition was persisted before the comparison.
        let position: Position
        /// The start of the comparison, on the monotonic clock.
        let nanoseconds: Int64
    }

    /// How far a partition is persisted. Unchanged as long as nothing is persisted or recovered.
    private struct Position: Equatable {
        let epoch: Int64
        let cursor: StreamID
    }

    /// The minimum pause between two events.
    private static let pause = Duration.seconds(2)
    /// The longest pause after an event that had no drift before and has not changed since.
    private static let idlePause = Duration.seconds(20)
    /// While nothing is persisted, comparisons are spread so that a round over all events takes this long at most, if
    /// `pause` allows it. This bounds the load on an idle installation.
    private static let idleRound = Duration.seconds(300)
    /// PostgreSQL counts all of an event's bookings: after a comparison the watch rests this many times its duration,
    /// up to `longestRest`, since a comparison may be slow only because of other load.
    private static let restFactor: Int64 = 50
    private static let longestRest = Duration.seconds(30)

    /// The most holds and users of an event that is compared in full: a full comparison reads the event in one script,
    /// which blocks Redis. For larger events only counters are compared; `usher verify` compares them in full.
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

    /// Runs until `stop`.
    func run() async {
        isRunning = true
        defer { isRunning = false }
        while !isStopping {
            // Other alerts report an unreachable store.
            let events = (try? await catalogue.currentEvents(in: Array(await partitions().keys))) ?? []
            await compare(events)
            differing.formIntersection(events)
            let current = Set(events)
            equal = equal.filter { current.contains($0.key) }
            tell()
            await rest(Self.pause)
        }
    }

    /// Compares events one after the other. Skips recently compared, unchanged events while changed ones are waiting.
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

    /// Compares an event, then rests: longer if the event had not changed since its last comparison.
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

    /// Whether the event had no drift at its last comparison and nothing was persisted in its partition since.
    private func isUnchanged(_ event: EventID, _ rows: [Partition: PartitionRow]) -> Bool {
        guard let equal = equal[event] else { return false }
        return equal.position == position(of: event, rows)
    }

    private func isFresh(_ event: EventID) -> Bool {
        guard let equal = equal[event] else { return false }
        return monotonicNanoseconds() - equal.nanoseconds < Self.idleRound.nanoseconds
    }

    /// Ends `run` after the comparison in progress.
    func stop() async {
        isStopping = true
        wake()
        while isRunning { await loop.sleep(for: .milliseconds(5)) }
    }

    /// Sleeps; `stop` ends the sleep early.
    private func rest(_ duration: Duration) async {
        await withUnsafeContinuation { continuation in
            // If there is no memory for a timer, do not wait: nothing would resume the continuation.
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

    /// Compares an event. Drift counts only if a second comparison confirms it, since concurrent changes can look like
    /// drift.
    ///
    /// - Returns: whether both stores agree.
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

/// A drift watch on its own loop, with its own connections.
struct RunningDriftWatch: Sendable {
    private let loop: EventLoop
    private let holder: Holder

    // SAFETY of @unchecked: touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var watch: DriftWatch?
        var connection: RedisConnection?
        var pool: PostgresPool?
    }

    /// The nice(2) increment of its thread.
    private static let niceness: Int32 = 5
    /// How often it checks Redis's identity.
    private static let identityInterval = Duration.seconds(5)

    /// - Parameter partitions: returns the partitions to compare now.
    static func start(
        _ settings: Settings, partitions: @escaping @Sendable () async -> [Partition: PartitionRow]
    ) async throws -> RunningDriftWatch {
        var redis = try settings.redis()
        // This connection claims nothing: with an outdated identity a comparison only fails.
        redis.identityInterval = identityInterval
        let server = redis
        var postgres = try settings.postgres()
        // Its queries are sequential.
        postgres.poolSize = 1
        let configuration = postgres
        let keys = KeySpace(partitions: try settings.partitions())
        let loop = try EventLoop(name: "drift")
        let holder = Holder()
        try await loop.run { loop in
            // On Linux this applies to the calling thread. If it is refused, the thread runs at normal priority.
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

    /// Stops after the comparison in progress.
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
