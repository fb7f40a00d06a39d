import BoxOffice
import Logging
import Loops
import Records

/// Processes the scanner's findings, a few partitions at a time: recovers, acknowledges, persists.
final class PartitionWorkers {
    private let loop: EventLoop
    private let scanner: OutboxScanner
    private let persister: OutboxPersister
    private let acknowledger: Acknowledger
    private let recovery: PartitionRecovery
    private let keeper: LeaseKeeper
    private let leases: LeaseTable
    /// Scans that wait for a worker, first come first served.
    private var queue: ArraySlice<PartitionScan> = []
    private let workers = InFlightCount()
    /// Running recoveries, and those that ended since the last log line about recoveries.
    private var recoveries = Recoveries()

    /// Partitions processed at a time: while one commits, another is read. One connection remains for leases.
    private static let limit = 3

    /// Registers as the receiver of the scanner's work.
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

    /// Processes a partition until it has no more work, or another partition waits.
    private func drain(_ scan: PartitionScan) async {
        let partition = scan.row.partition
        var scan = scan
        repeat {
            // If other partitions wait, they are next: do not read ahead.
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

    /// Processes one scan.
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
        // A failed acknowledgement does not delay the batch.
        if !scan.batch.isEmpty {
            progress = await persister.persist(PartitionRow(scan.row, lineage: scan.row.epoch), scan.batch)
        }
        return progress
    }

    /// Recovers a partition. Recoveries that run together are logged in one line: at every start all partitions are
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
