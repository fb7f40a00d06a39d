import BoxOffice
import Glibc
import Loops
import Metrics
import Records
import RedisClient
import SeatInventory

/// Updates metrics: this replica's counts, the outboxes' lag, and open work in PostgreSQL.
final class LagMeter: ReconcilerService {
    private let inventory: Inventory
    private let bookings: BookingStore
    private let leases: LeaseTable
    private let report: ReconcilerReport
    private let periodic: PeriodicLoop
    private var measures = OutboxMeasures()

    private static let pause = Duration.seconds(1)
    /// PostgreSQL is queried once in this many samples: its numbers change slowly.
    private static let samplesPerQuery = 10

    init(
        loop: EventLoop, inventory: Inventory, bookings: BookingStore, leases: LeaseTable, report: ReconcilerReport
    ) {
        self.inventory = inventory
        self.bookings = bookings
        self.leases = leases
        self.report = report
        periodic = PeriodicLoop(loop)
    }

    func run() async {
        await periodic.run { [self] in
            await measure()
            return Self.pause
        }
    }

    func stop() { periodic.stop() }

    /// Takes a sample.
    func measure() async {
        setCounts()
        await measureLag()
        if measures.count.isMultiple(of: Self.samplesPerQuery) { await measureRows() }
        measures.count += 1
    }

    /// Measures a persisted batch.
    func measure(_ entries: [ParsedEntry], _ partition: Partition, since start: Int64) {
        let metrics = ReconcileMetrics.shared
        metrics.batchTime[].observe(monotonicNanoseconds() - start)
        metrics.batchSize[].observe(entries.count)
        measures.marks[partition]?.written += entries.count
        guard case .entry(let entry)? = entries.last else { return }
        metrics.persistDelay[].observe(Self.nanoseconds(since: entry.at))
    }

    private func setCounts() {
        let metrics = ReconcileMetrics.shared
        let counts = report.counts
        metrics.entries[].set(counts.entries)
        metrics.expired[].set(counts.expired)
        metrics.recoveries[].set(counts.recoveries)
        metrics.deadLetters[].set(counts.deadLetters)
        metrics.verdicts[].set(counts.verdicts)
        metrics.refunds["made"].set(counts.refunds)
        metrics.refunds["refused"].set(counts.refusedRefunds)
        let rows = leases.rows
        metrics.partitions[].set(rows.count)
        metrics.epoch.reset()
        for (partition, row) in rows { metrics.epoch[String(partition.number)].set(Int(row.epoch)) }
    }

    private func measureLag() async {
        // Skip a partition at rest that had no lag when last measured: no change was announced since.
        let rows = leases.states.filter { !$0.isAtRest || measures.marks[$0.row.partition]?.cursor != $0.row.cursor }
            .map(\.row)
        measures.marks = measures.marks.filter { leases[$0.key] != nil }
        let firsts = await answers(
            rows.map { ["XRANGE", inventory.keys.outbox($0.partition), "(\($0.cursor)", "+", "COUNT", "1"] })
        // Unchanged partitions need no XINFO.
        let changed = zip(rows, firsts).filter { row, reply in
            reply.array?.isEmpty == false || measures.marks[row.partition]?.cursor != row.cursor
        }
        let streams = await answers(changed.map { ["XINFO", "STREAM", inventory.keys.outbox($0.0.partition)] })
        var lag = Lag()
        for ((row, first), stream) in zip(changed, streams) { add(row, first, stream, to: &lag) }
        ReconcileMetrics.shared.lagEntries[].set(lag.entries)
        ReconcileMetrics.shared.lagTime[].set(
            lag.oldest == .max ? 0 : Int(Self.nanoseconds(since: lag.oldest)))
    }

    private struct Lag {
        var entries = 0
        /// The time of the oldest lagging entry, Unix milliseconds.
        var oldest = Int64.max
    }

    private func add(_ row: PartitionRow, _ reply: RedisValue, _ stream: RedisValue, to lag: inout Lag) {
        let added = Self.added(stream)
        // The cursor may have moved since the command was sent; then this sample is off by a batch.
        guard let first = reply.array?.first else {
            measures.marks[row.partition] = OutboxMeasures.Mark(added: added.all, cursor: row.cursor)
            return
        }
        if case .success(let entry)? = OutboxEntry.parse(first) { lag.oldest = min(lag.oldest, entry.at) }
        // Until a sample has found no lag, every entry in the stream may lag.
        let entries = measures.marks[row.partition].map { added.all - $0.added - $0.written } ?? added.kept
        lag.entries += min(max(1, entries), added.kept)
    }

    /// How many entries were ever added to a stream, and how many it has, from the reply to XINFO STREAM.
    private static func added(_ reply: RedisValue) -> (all: Int, kept: Int) {
        let parts = reply.array ?? []
        var found: [String: Int] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            if let name = parts[index].string, let number = parts[index + 1].integer { found[name] = Int(number) }
        }
        let kept = found["length"] ?? 0
        return (found["entries-added"] ?? kept, kept)
    }

    /// The replies; null for a failed command, which the next sample repeats.
    private func answers(_ commands: [[String]]) async -> [RedisValue] {
        await inventory.results(of: commands).map { (try? $0.get()) ?? .null }
    }

    private func measureRows() async {
        guard let open = try? await bookings.open() else { return }
        let metrics = ReconcileMetrics.shared
        metrics.payments["PENDING"].set(open.pending)
        metrics.payments["REFUND_DUE"].set(open.refundDue)
        metrics.deadLettersOpen[].set(open.deadLetters)
    }

    /// The age of a timestamp of Redis's clock, capped at a year: an entry may contain any timestamp.
    private static func nanoseconds(since milliseconds: Int64) -> Int64 {
        let now = wallMilliseconds()
        let year: Int64 = 31_536_000_000
        return (now - min(max(milliseconds, now - year), now)) * 1_000_000
    }

    /// Unix milliseconds of this machine, which may differ a little from Redis's.
    private static func wallMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
