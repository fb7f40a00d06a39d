import BoxOffice
import Loops
import PostgresClient
import Records

/// Maintains this replica's leases: sends heartbeats, takes its share of the partitions, releases them at the end.
final class LeaseKeeper: ReconcilerService {
    private let partitions: Partitions
    let owner: String
    private let leases: LeaseTable
    private let report: ReconcilerReport
    private let onGain: () -> Void
    private let periodic: PeriodicLoop

    /// A replica without a heartbeat for this long loses its partitions.
    private static let lease = Duration.seconds(2)
    /// Up to three heartbeats may be lost.
    private static let beatPause = Duration.milliseconds(500)

    /// - Parameters:
    ///   - owner: the name of this replica.
    ///   - onGain: called when partitions were gained.
    init(
        loop: EventLoop, partitions: Partitions, owner: String, leases: LeaseTable, report: ReconcilerReport,
        onGain: @escaping () -> Void
    ) {
        self.partitions = partitions
        self.owner = owner
        self.leases = leases
        self.report = report
        self.onGain = onGain
        periodic = PeriodicLoop(loop)
    }

    func run() async {
        await periodic.run { [self] in
            await beat()
            return Self.beatPause
        }
    }

    func stop() { periodic.stop() }

    /// Renews the leases, and updates which partitions this replica has.
    func beat() async {
        do {
            let known = leases.states.map(\.row)
            if try await partitions.keep(owner: owner, lease: Self.lease, known: known) { return }
            if leases.adopt(try await partitions.beat(owner: owner, lease: Self.lease)) { onGain() }
        } catch {
            report.note(error.description)
        }
    }

    /// Rereads a partition's row when it is unknown what was committed, or by which replica.
    func reread(_ partition: Partition) async {
        do {
            guard let row = try await partitions.row(partition), row.owner == owner else {
                leases.remove(partition)
                return
            }
            leases.update(partition) { $0.row = row }
        } catch {
            report.note(error.description)
        }
    }

    /// Releases all leases, so that another replica need not wait until they expire.
    func release() async {
        leases.removeAll()
        try? await partitions.release(owner: owner)
    }
}
