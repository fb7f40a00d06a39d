import Loops
import PostgresClient
import Records

/// Polls PostgreSQL once a second for due work, in one query, and does it or wakes the service that does.
final class DueWorkPoller: ReconcilerService {
    private let pool: PostgresPool
    private let leases: LeaseTable
    private let settler: PaymentSettler
    private let charges: OpenChargeReporter
    private let judge: OverruleJudge
    private let canceller: EventCanceller
    private let periodic: PeriodicLoop
    private var pollsUntilDeletion = 0

    private static let pause = Duration.seconds(1)
    /// While an event with many bookings is cancelled: bookings just cancelled must be persisted first.
    private static let cancelPause = Duration.milliseconds(40)
    /// Old messages are deleted once in this many polls, about every quarter of an hour.
    private static let deleteEvery = 1000

    init(
        loop: EventLoop, pool: PostgresPool, leases: LeaseTable, settler: PaymentSettler, charges: OpenChargeReporter,
        judge: OverruleJudge, canceller: EventCanceller
    ) {
        self.pool = pool
        self.leases = leases
        self.settler = settler
        self.charges = charges
        self.judge = judge
        self.canceller = canceller
        periodic = PeriodicLoop(loop)
    }

    func run() async {
        await periodic.run { [self] in
            if pollsUntilDeletion == 0 { await charges.deleteOldMessages() }
            pollsUntilDeletion = (pollsUntilDeletion + 1) % Self.deleteEvery
            let due = await dueWork()
            if due.payments || due.charges { settler.wake() }
            if due.verdicts { await judge.overruleAll() }
            let more = due.cancelled ? await canceller.cancelBookings() : false
            return more ? Self.cancelPause : Self.pause
        }
    }

    func stop() { periodic.stop() }

    /// The due work; everything if PostgreSQL does not answer, so that the services report the failure.
    func dueWork() async -> DueWork {
        // A replica without partitions may still settle payments.
        let due = try? await DueWork.ask(
            pool, partitions: leases.partitions, provider: settler.provider,
            reportedSeconds: settler.times.reportedSeconds, keptSeconds: settler.times.keptSeconds)
        return due ?? .unknown
    }
}
