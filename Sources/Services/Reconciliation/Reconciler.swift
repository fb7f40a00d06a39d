package import BoxOffice
package import Loops
import Metrics
package import Payments
package import PostgresClient
package import Records
import RedisClient
package import SeatInventory
import Settlement

/// Writes outboxes down in order, returns lapsed holds, settles payments, and recovers partitions; several copies share
/// the partitions.
///
/// Lives on one loop. Kill it anywhere: another copy, or the next start, goes on from the committed cursor. Its
/// activities do not wait for each other: a PostgreSQL that hangs keeps no lapsed hold, a provider nothing at all.
package final class Reconciler {
    /// How many bookings and dead letters it wrote, and what it last failed at.
    package struct Report: Sendable {
        /// Entries written down or put aside.
        package var entries = 0
        /// Entries, or bookings of them, put aside.
        package var deadLetters = 0
        /// Lapsed holds returned.
        package var expired = 0
        /// Recoveries completed.
        package var recoveries = 0
        /// Refunds that providers made.
        package var refunds = 0
        /// Refunds that providers refused, each time that they did.
        package var refusedRefunds = 0
        /// Bookings that PostgreSQL refused because others have what they took: must stay 0.
        package var verdicts = 0
        /// The last failure, for the log.
        package var lastFailure = ""
    }

    let loop: EventLoop
    let inventory: Inventory
    let partitions: Partitions
    let catalogue: Catalogue
    let bookings: BookingStore
    let seats: SeatStore
    let writer: BatchWriter
    let payments: PaymentStore
    let charges: ChargeStore
    let locator: BookingLocator
    let recorder: ChargeRecorder
    /// Whoever took the money; without one nothing is settled.
    let gateway: (any PaymentGateway)?
    /// How patient settlement is.
    package var settlement = SettlementTimes()
    let verdicts: VerdictStore
    let pool: PostgresPool
    /// What was done so far.
    package internal(set) var report = Report()
    /// Told each failure, for the log, and trace context and id of the request that it came of, where they are known;
    /// contains no data.
    package var onFailure: (_ failure: String, _ trace: String?) -> Void = { _, _ in }

    let owner: String
    var leased: [Partition: LeasedPartition] = [:]
    /// Which Redis partitions were last checked against: another one is looked at closely at once.
    var checkedIdentity: RedisIdentity?
    /// How long entries stay in the outbox after they were written down, so that a PostgreSQL that falls back can be
    /// refilled; while memory allows.
    var retained = Duration.seconds(3600)
    /// Bookings that are persisted from records in one transaction.
    var salvageLimit = 500
    /// Partitions that are attended to, or wait for it.
    var attended: Set<Partition> = []
    /// What was found, in the order of its turn.
    var waiting: ArraySlice<Look> = []
    /// How many partitions are attended to at this moment.
    var writers = 0
    /// Recoveries under way, and those that ended since the last line of the log told of them.
    var recoveries = Recoveries()
    /// Acknowledgements under way.
    var unacknowledged = 0
    private(set) var isStopping = false
    private var isRunning = false
    private var activities = 0
    /// Activities that sleep.
    private var rests: [Activity: (timer: LoopTimer, continuation: UnsafeContinuation<Void, Never>)] = [:]
    /// Hears of changes; without it quiet partitions are asked all the time.
    let notices: ChangeNotices?
    /// When the next sweep is due, on the monotonic clock in nanoseconds.
    private var sweepBy: Int64 = 0
    /// Until payments are looked at again.
    private var settlePause = Reconciler.settlePauses.lowerBound
    /// What is measured of the outboxes.
    var measures = OutboxMeasures()

    /// What runs side by side.
    enum Activity {
        case leasing, persisting, sweeping, trimming, measuring, settling, asking
    }

    /// A copy that was not heard of for so long has lost its partitions.
    private static let lease = Duration.seconds(2)
    /// How often it says that it is alive: three beats may be lost.
    private static let beatPause = Duration.milliseconds(500)
    /// A lapsed hold is returned the first of these after its deadline at the latest, and a sweep's time. Within the last,
    /// no hold can be made and be over.
    private static let sweepPauses = Duration.milliseconds(200)...Duration.seconds(1)
    private static let trimPause = Duration.seconds(1)
    private static let measurePause = Duration.seconds(1)
    /// Between two sweeps where every change is heard of, and no hold is over before.
    private static let heardSweepPause = Duration.seconds(5)
    /// Pauses between two looks at payments: the longer ones when nothing was due. After the longest what is due is asked
    /// together with all else that PostgreSQL may have.
    private static let settlePauses = Duration.milliseconds(250)...Duration.seconds(1)
    /// Nobody has to wake it for so long.
    private static let settleRest = Duration.seconds(60)
    /// Between two looks at an event of many bookings: those just cancelled have to be written down.
    private static let cancelPause = Duration.milliseconds(40)
    /// Between two questions what PostgreSQL has to do.
    private static let askPause = Duration.seconds(1)
    /// Old messages are forgotten once in so many questions: every quarter of an hour or so.
    private static let forgetEvery = 1000

    /// A reconciler that does not run yet. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - owner: names this copy; another for each.
    ///   - gateway: whom to ask about payments.
    ///   - notices: hears of changes; without it quiet partitions are asked all the time.
    package init(
        loop: EventLoop, inventory: Inventory, pool: PostgresPool, owner: String,
        gateway: (any PaymentGateway)? = nil, notices: ChangeNotices? = nil
    ) {
        self.notices = notices
        self.loop = loop
        self.inventory = inventory
        self.owner = owner
        self.gateway = gateway
        self.pool = pool
        partitions = Partitions(pool: pool)
        catalogue = Catalogue(pool: pool)
        bookings = BookingStore(pool: pool)
        seats = SeatStore(pool: pool)
        writer = BatchWriter(pool: pool)
        payments = PaymentStore(pool: pool)
        charges = ChargeStore(pool: pool)
        locator = BookingLocator(inventory: inventory, bookings: bookings, catalogue: catalogue, seats: seats)
        recorder = ChargeRecorder(inventory: inventory, locator: locator, charges: charges)
        verdicts = VerdictStore(pool: pool)
    }

    /// The partitions that this copy works on now, as they were last read or written.
    package var ownRows: [Partition: PartitionRow] { leased.mapValues(\.row) }

    /// Works until `stop`.
    package func run() async {
        isRunning = true
        activities = 7
        loop.spawn { [self] in await keepMeasuring() }
        loop.spawn { [self] in await keepLeases() }
        loop.spawn { [self] in await keepSweeping() }
        loop.spawn { [self] in await keepTrimming() }
        loop.spawn { [self] in await keepSettling() }
        loop.spawn { [self] in await keepAsking() }
        await keepPersisting()
        activities -= 1
        while activities > 0 || unacknowledged > 0 { await loop.sleep(for: .milliseconds(5)) }
        isRunning = false
    }

    /// Ends `run` after the batches under way, and gives the leases back.
    package func stop() async {
        isStopping = true
        for activity in Array(rests.keys) { wake(activity) }
        while isRunning { await loop.sleep(for: .milliseconds(5)) }
        leased = [:]
        notices?.close()
        try? await partitions.release(owner: owner)
    }

    private func keepLeases() async {
        defer { activities -= 1 }
        while !isStopping {
            await beat()
            await rest(Self.beatPause, as: .leasing)
        }
    }

    private func keepSweeping() async {
        defer { activities -= 1 }
        while !isStopping {
            if sweepBy <= monotonicNanoseconds(), await sweep() { continue }
            let left = Duration.nanoseconds(max(0, sweepBy - monotonicNanoseconds()))
            await rest(max(left, Self.sweepPauses.lowerBound), as: .sweeping)
        }
    }

    /// - Parameter next: until when no hold is over that is known of.
    func noteSwept(next: Duration?) {
        let longest = notices?.isHearing == true ? Self.heardSweepPause : Self.sweepPauses.upperBound
        sweepBy = monotonicNanoseconds() + min(next ?? longest, longest).nanoseconds
    }

    /// A hold may have been made; none is shorter than this.
    func sweepSoon() {
        let soon = monotonicNanoseconds() + Self.sweepPauses.upperBound.nanoseconds
        guard soon < sweepBy else { return }
        sweepBy = soon
        wake(.sweeping)
    }

    /// Something of a partition has changed.
    func heard(_ partition: Partition) {
        guard leased[partition] != nil else { return }
        sweepSoon()
        stir([partition])
    }

    private func keepTrimming() async {
        defer { activities -= 1 }
        while !isStopping {
            await trimAll()
            notices?.tick(entries: report.entries)
            await rest(Self.trimPause, as: .trimming)
        }
    }

    private func keepMeasuring() async {
        defer { activities -= 1 }
        while !isStopping {
            await measure()
            await rest(Self.measurePause, as: .measuring)
        }
    }

    private func keepSettling() async {
        defer { activities -= 1 }
        while !isStopping {
            let pauses = Self.settlePauses
            settlePause = min(settlePause * 2, pauses.upperBound)
            if await settleAll() {
                settlePause = pauses.lowerBound
            } else {
                await rest(settlePause < pauses.upperBound ? settlePause : Self.settleRest, as: .settling)
            }
        }
    }

    /// Payments were persisted that have to be asked about or refunded soon.
    func settleSoon() {
        settlePause = Self.settlePauses.lowerBound
        wake(.settling)
    }

    /// Asks once a second what waits in PostgreSQL, and does it or wakes whoever does.
    private func keepAsking() async {
        defer { activities -= 1 }
        var untilForgetting = 0
        while !isStopping {
            if untilForgetting == 0 { await forgetOldMessages() }
            untilForgetting = (untilForgetting + 1) % Self.forgetEvery
            let due = await dueWork()
            if due.payments || due.charges { wake(.settling) }
            if due.verdicts { await overruleAll() }
            let more = due.cancelled ? await cancelBookings() : false
            await rest(more ? Self.cancelPause : Self.askPause, as: .asking)
        }
    }

    /// Runs `work` for all of them at once, and comes back when all are done.
    func concurrently<Item>(_ items: [Item], _ work: @escaping (Item) async -> Void) async {
        guard !items.isEmpty else { return }
        var left = items.count
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            for item in items {
                loop.spawn {
                    await work(item)
                    left -= 1
                    if left == 0 { done.resume() }
                }
            }
        }
    }

    /// Says that this copy is alive, and learns which partitions are its own.
    func beat() async {
        do {
            if try await partitions.keep(owner: owner, lease: Self.lease, known: leased.values.map(\.row)) { return }
            let rows = try await partitions.beat(owner: owner, lease: Self.lease)
            var now: [Partition: LeasedPartition] = [:]
            for row in rows {
                var known = leased[row.partition] ?? LeasedPartition(row)
                // What is known of a partition is newer than what was read, for a batch may have been committed
                // meanwhile; but not when somebody else has raised the epoch.
                if known.row.epoch < row.epoch {
                    known.row = row
                    known.unchecked()
                }
                now[row.partition] = known
            }
            let isMore = now.keys.contains { leased[$0] == nil }
            leased = now
            if isMore {
                sweepSoon()
                wake(.persisting)
            }
        } catch {
            note(error.description)
        }
    }

    /// Sleeps, no longer than until `stop` is called or the activity is woken.
    func rest(_ duration: Duration, as activity: Activity) async {
        await withUnsafeContinuation { continuation in
            // Out of memory for a timer: not waiting is better than never coming back.
            guard !isStopping,
                let timer = try? LoopTimer(
                    loop: loop, after: duration, repeats: false, { [weak self] in self?.wake(activity) })
            else { return continuation.resume() }
            rests[activity] = (timer, continuation)
        }
    }

    /// Ends an activity's rest, if it rests.
    func wake(_ activity: Activity) {
        guard let (timer, continuation) = rests.removeValue(forKey: activity) else { return }
        timer.cancel()
        continuation.resume()
    }

    func note(_ failure: String, _ trace: String? = nil) {
        ReconcileMetrics.shared.failures[].add()
        guard failure != report.lastFailure else { return }
        report.lastFailure = failure
        onFailure(failure, trace)
    }
}
