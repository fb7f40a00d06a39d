import BoxOffice
import Loops

/// Triggers a scan and a sweep of partitions whose change is announced.
final class ChangeListener: ReconcilerService {
    private let notices: ChangeNotices
    private let scanner: OutboxScanner
    private let sweeper: HoldSweeper
    private let leases: LeaseTable
    private let report: ReconcilerReport
    private let periodic: PeriodicLoop

    /// `ChangeNotices.tick` expects one call a second.
    private static let pause = Duration.seconds(1)

    init(
        loop: EventLoop, notices: ChangeNotices, scanner: OutboxScanner, sweeper: HoldSweeper, leases: LeaseTable,
        report: ReconcilerReport
    ) {
        self.notices = notices
        self.scanner = scanner
        self.sweeper = sweeper
        self.leases = leases
        self.report = report
        periodic = PeriodicLoop(loop)
    }

    func run() async {
        notices.onChange = { [weak self] in self?.markChanged($0) }
        notices.onGap = { [weak self] in self?.markAllChanged() }
        await periodic.run { [self] in
            notices.tick(entries: report.counts.entries)
            return Self.pause
        }
    }

    func stop() { periodic.stop() }

    private func markChanged(_ partition: Partition) {
        guard leases[partition] != nil else { return }
        sweeper.sweepSoon()
        scanner.markChanged([partition])
    }

    private func markAllChanged() {
        sweeper.sweepSoon()
        scanner.markChanged(leases.partitions)
    }
}
