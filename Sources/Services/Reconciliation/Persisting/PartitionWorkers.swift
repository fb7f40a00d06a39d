import BoxOffice
import Logging
import Loops
import Records

/// Works on the partitions in which the scanner found something, a few at a time: recovers, acknowledges, persists.
final class PartitionWorkers {
    private let loop: EventLoop
    private let scanner: OutboxScanner
    private let persister: OutboxPersister
    private let acknowledger: Acknowledger
    private let recovery: PartitionRecovery
    private let keeper: LeaseKeeper
    private let leases: LeaseTable
    /// Scans that wait for a worker, in the order of their turn.
    private var queue: ArraySlice<PartitionScan> = []
    private let workers = InFlightCount()
    /// Recoveries under way, and those that ended since the last line of the log about them.
    private var recoveries = Recoveries()

    /// Partitions that are worked on at a time: while one commits, another is read. One connection is left for leases.
    private static let limit = 3

    /// Takes the scanner's work from now on.
    init(
        loop: EventLoop, scanner: OutboxScanner, persister: OutboxPersister, acknowledger: Acknowledger,
        recovery: PartitionRecovery, keeper: LeaseKeeper, leases: LeaseTable
    ) {
        self.loop = loop
        self.scanner = scanner
        self.persister = persister
        self.acknowledger = acknowledger
        self.recovery = recovery
        self.keeper = keeper
        self.leases = leases
        scanner.onWork = { [weak self] in self?.enqueue($0) }
    }

    /// Waits until no worker runs.
    func drained() async { await workers.drained() }

    private func enqueue(_ scans: [PartitionScan]) {
        queue += scans
        while workers.count < min(Self.limit, scanner.inProgress.count) {
            workers.begin()
            loop.spawn { [self] in
                while !scanner.isStopping, let scan = queue.popFirst() { await drain(scan) }
                workers.end()
            }
        }
    }

    /// Works on a partition until it has nothing more, or another partition waits.
    private func drain(_ scan: PartitionScan) async {
        let partition = scan.row.partition
        var scan = scan
        repeat {
            // If other partitions wait, it is their turn next.
            let ahead = queue.isEmpty ? scanner.readAhead(of: scan) : nil
            await process(scan)
            guard !scanner.isStopping, queue.isEmpty, let state = leases[partition],
                state.notBefore <= monotonicNanoseconds(), let next = await scanner.following(state.row, ahead)
            else {
                _ = await ahead?.result()
                break
            }
            scan = next
        } while true
        scanner.finished(partition)
    }

    /// Does the work that a scan found.
    func process(_ scan: PartitionScan) async {
        let partition = scan.row.partition
        switch await progress(scan) {
        case .done(let row):
            leases.update(partition) { $0.succeeded(row, lagsAfter: scan.hasMore ? scan.batch.count : nil) }
        case .unsure:
            leases.update(partition) { $0.failed(now: monotonicNanoseconds()) }
            await keeper.reread(partition)
        }
    }

    private func progress(_ scan: PartitionScan) async -> PartitionProgress {
        if scan.needsRecovery { return await recover(scan.row) }
        var progress = PartitionProgress.done(scan.row)
        if scan.acknowledged < scan.row.cursor {
            progress = await acknowledger.acknowledgeMissed(scan.row, from: scan.acknowledged)
        }
        // An acknowledgement that failed does not delay the batch.
        if !scan.batch.isEmpty {
            progress = await persister.persist(PartitionRow(scan.row, lineage: scan.row.epoch), scan.batch)
        }
        return progress
    }

    /// Recovers a partition, and logs one line for all recoveries that ran together: at every start each partition is
    /// recovered.
    private func recover(_ row: PartitionRow) async -> PartitionProgress {
        recoveries.begin(now: monotonicNanoseconds())
        let progress = await recovery.recover(row)
        if case .done = progress { recoveries.done += 1 }
        let more = queue.contains(where: \.needsRecovery)
        if let ended = recoveries.end(now: monotonicNanoseconds(), more: more) {
            Log.info("partitions recovered") { line in
                line.add("count", Int64(ended.count))
                line.add("durationMs", nanoseconds: ended.nanoseconds)
            }
        }
        return progress
    }
}
