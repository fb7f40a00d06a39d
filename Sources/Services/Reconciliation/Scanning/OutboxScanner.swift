import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory

/// Finds the partitions that have work; polls all quiet ones, which are most, with one XREAD.
final class OutboxScanner: ReconcilerService {
    private let loop: EventLoop
    private let inventory: Inventory
    private let catalogue: Catalogue
    private let reader: OutboxReader
    private let leases: LeaseTable
    private let notices: ChangeNotices?
    private let report: ReconcilerReport
    private let periodic: PeriodicLoop
    /// Partitions that are worked on, or wait for a worker; they are not scanned.
    private(set) var inProgress: Set<Partition> = []
    /// The Redis that partitions were last checked against: after a change all are scanned closely at once.
    var checkedIdentity: RedisIdentity?
    /// Receives the scans that have work; must call `finished` for each.
    var onWork: ([PartitionScan]) -> Void = { _ in }

    /// The longest pauses between scans; workers wake the scanner when they finish a partition.
    private static let pauses = (usual: Duration.milliseconds(25), listening: Duration.seconds(2))
    /// Nanoseconds; a shorter pause is not worth a timer.
    private static let leastPause: Int64 = 1_000_000

    init(
        loop: EventLoop, inventory: Inventory, catalogue: Catalogue, reader: OutboxReader, leases: LeaseTable,
        notices: ChangeNotices?, report: ReconcilerReport
    ) {
        self.loop = loop
        self.inventory = inventory
        self.catalogue = catalogue
        self.reader = reader
        self.leases = leases
        self.notices = notices
        self.report = report
        periodic = PeriodicLoop(loop)
    }

    var isStopping: Bool { periodic.isStopping }

    func run() async {
        await periodic.run { [self] in
            await scanDuePartitions()
            return pause()
        }
    }

    func stop() { periodic.stop() }

    /// Ends the pause before the next scan.
    func wake() { periodic.wake() }

    /// Makes these partitions due now.
    func markChanged(_ partitions: [Partition]) {
        let now = monotonicNanoseconds()
        for partition in partitions { leases.update(partition) { $0.markChanged(now: now) } }
        wake()
    }

    /// Ends the work on a partition.
    func finished(_ partition: Partition) {
        inProgress.remove(partition)
        leases.update(partition) { $0.scanned(hasWork: true, now: monotonicNanoseconds()) }
        wake()
    }

    private func pause() -> Duration {
        let next = leases.states.filter { !inProgress.contains($0.row.partition) }.map(\.nextScan).min() ?? .max
        let left = Duration.nanoseconds(max(next - monotonicNanoseconds(), Self.leastPause))
        return min(left, notices?.isListening == true ? Self.pauses.listening : Self.pauses.usual)
    }

    /// Scans the partitions that are due and not in progress.
    private func scanDuePartitions() async {
        let now = monotonicNanoseconds()
        let isListening = notices?.isListening == true
        let due = leases.states.filter { !inProgress.contains($0.row.partition) && $0.isDue(now: now) }
            .map(\.row.partition)
        guard !due.isEmpty else { return }
        // Before the scan: a change that is announced from here on makes the partition due again.
        for partition in due {
            leases.update(partition) { $0.scanned(hasWork: false, now: now, isListening: isListening) }
        }
        let scans = await work(of: await partitionsNeedingScan(due, now: now))
        inProgress.formUnion(scans.map(\.row.partition))
        onWork(scans)
    }

    /// The partitions among these that must be scanned closely. One XREAD finds the quiet ones with new entries; each
    /// is also checked a few times a second.
    func partitionsNeedingScan(_ partitions: [Partition], now: Int64) async -> [PartitionRow] {
        checkAll(ifChanged: inventory.connection.identity, now: now)
        let states = partitions.compactMap { leases[$0] }
        let quiet = states.filter { $0.isQuiet(now: now) }.map(\.row)
        let others = states.filter { !$0.isQuiet(now: now) }.map(\.row)
        do {
            guard !quiet.isEmpty else { return others }
            let outboxes = quiet.map { inventory.keys.outbox($0.partition) }
            let reply = try await inventory.command(
                ["XREAD", "COUNT", "1", "STREAMS"] + outboxes + quiet.map(\.cursor.description))
            // The reply lists only streams with new entries.
            let found = Set((reply.array ?? []).compactMap { $0.array?.first?.string })
            return others + zip(quiet, outboxes).filter { found.contains($1) }.map(\.0)
        } catch {
            report.note(error.description)
            return others
        }
    }

    /// Invalidates all checks if the Redis has changed.
    private func checkAll(ifChanged identity: RedisIdentity?, now: Int64) {
        guard identity != checkedIdentity else { return }
        checkedIdentity = identity
        checkAll(now: now)
    }

    /// Makes all quiet partitions due for a check now.
    private func checkAll(now: Int64) {
        let quiet = leases.states.filter { $0.isQuiet(now: now) }.map(\.row.partition)
        for partition in quiet { leases.update(partition) { $0.invalidateCheck() } }
        markChanged(quiet)
    }

    /// Scans these partitions closely.
    ///
    /// - Returns: the scans that have work.
    func work(of rows: [PartitionRow]) async -> [PartitionScan] {
        guard !rows.isEmpty else { return [] }
        do {
            let found = try await reader.scan(rows).filter(\.hasWork)
            // The cause may have damaged other partitions too.
            if found.contains(where: \.needsRecovery) { checkAll(now: monotonicNanoseconds()) }
            return await inOrder(found)
        } catch {
            report.note(error.description)
            for row in rows { leases.update(row.partition) { $0.unanswered() } }
            return []
        }
    }

    /// If several partitions need a recovery, puts those with an event on sale now first.
    func inOrder(_ scans: [PartitionScan]) async -> [PartitionScan] {
        guard scans.count(where: \.needsRecovery) > 1, let onSale = try? await catalogue.partitionsOnSale() else {
            return scans
        }
        return scans.filter { onSale.contains($0.row.partition) }
            + scans.filter { !onSale.contains($0.row.partition) }
    }
}

/// Reading ahead uses the time in which PostgreSQL writes a batch (ADR 17).
extension OutboxScanner {
    /// Starts to scan the entries after a batch that left some. After a batch that left none, `following` scans for
    /// entries that came meanwhile.
    func readAhead(of scan: PartitionScan) -> ReadAhead? {
        guard scan.hasMore, let last = scan.batch.last else { return nil }
        let ahead = ReadAhead()
        let row = PartitionRow(scan.row, cursor: last.id)
        loop.spawn { [reader] in ahead.finish(try? await reader.scan([row]).first) }
        return ahead
    }

    /// The scan that follows a batch, if it has work.
    func following(_ row: PartitionRow, _ ahead: ReadAhead?) async -> PartitionScan? {
        // If another replica has moved the cursor or raised the epoch since, the commit is refused, as for any batch.
        if let scan = await ahead?.result(), scan.row.cursor == row.cursor, scan.row.epoch == row.epoch,
            !scan.batch.isEmpty, leases[row.partition]?.needsAcknowledgement == false
        {
            return PartitionScan(
                row: row, batch: scan.batch, hasMore: scan.hasMore, needsRecovery: false, acknowledged: row.cursor)
        }
        leases.update(row.partition) { $0.needsAcknowledgement = false }
        return await work(of: [row]).first
    }
}
