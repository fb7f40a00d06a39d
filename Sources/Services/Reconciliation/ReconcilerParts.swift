import Loops
import Payments
import PostgresClient
import Records
import SeatInventory
import Settlement

/// Makes the services of one reconciler, each with only the dependencies that it needs.
struct ReconcilerParts {
    let loop: EventLoop
    let inventory: Inventory
    let pool: PostgresPool
    let notices: ChangeNotices?
    let leases = LeaseTable()
    let report = ReconcilerReport()
    private let partitions: Partitions
    private let catalogue: Catalogue
    private let bookings: BookingStore
    private let seats: SeatStore
    private let batches: BatchWriter
    private let payments: PaymentStore
    private let charges: ChargeStore
    private let verdicts: VerdictStore
    private let locator: BookingLocator
    private let recorder: ChargeRecorder

    init(loop: EventLoop, inventory: Inventory, pool: PostgresPool, notices: ChangeNotices?) {
        self.loop = loop
        self.inventory = inventory
        self.pool = pool
        self.notices = notices
        partitions = Partitions(pool: pool)
        catalogue = Catalogue(pool: pool)
        bookings = BookingStore(pool: pool)
        seats = SeatStore(pool: pool)
        batches = BatchWriter(pool: pool)
        payments = PaymentStore(pool: pool)
        charges = ChargeStore(pool: pool)
        verdicts = VerdictStore(pool: pool)
        locator = BookingLocator(inventory: inventory, bookings: bookings, catalogue: catalogue, seats: seats)
        recorder = ChargeRecorder(inventory: inventory, locator: locator, charges: charges)
    }
}

// MARK: - The path of an outbox entry

extension ReconcilerParts {
    func makeReader() -> OutboxReader {
        OutboxReader(loop: loop, inventory: inventory, leases: leases, notices: notices, report: report)
    }

    func makeScanner(_ reader: OutboxReader) -> OutboxScanner {
        OutboxScanner(
            loop: loop, inventory: inventory, catalogue: catalogue, reader: reader, leases: leases, notices: notices,
            report: report)
    }

    func makeKeeper(_ owner: String, _ scanner: OutboxScanner, _ sweeper: HoldSweeper) -> LeaseKeeper {
        LeaseKeeper(loop: loop, partitions: partitions, owner: owner, leases: leases, report: report) {
            sweeper.sweepSoon()
            scanner.wake()
        }
    }

    func makeWriter(_ judge: OverruleJudge) -> OutboxWriter {
        OutboxWriter(inventory: inventory, writer: batches, verdicts: verdicts, judge: judge, report: report)
    }

    func makeAcknowledger() -> Acknowledger {
        Acknowledger(inventory: inventory, bookings: bookings, leases: leases, report: report)
    }

    func makePersister(
        _ writer: OutboxWriter, _ acknowledger: Acknowledger, _ meter: LagMeter, _ settler: PaymentSettler
    ) -> OutboxPersister {
        OutboxPersister(
            writer: writer, acknowledger: acknowledger, meter: meter, report: report,
            onRefundDue: { settler.settleSoon() })
    }

    func makeSalvage(_ writer: OutboxWriter) -> RecordSalvage {
        let terms = TermsSalvage(inventory: inventory, catalogue: catalogue, seats: seats, writer: writer)
        return RecordSalvage(
            inventory: inventory, bookings: bookings, verdicts: verdicts, writer: writer, terms: terms, report: report)
    }

    func makeRecovery(
        _ reader: OutboxReader, _ persister: OutboxPersister, _ salvage: RecordSalvage, _ sweeper: HoldSweeper
    ) -> PartitionRecovery {
        let reload = PartitionReload(inventory: inventory, catalogue: catalogue, bookings: bookings, seats: seats)
        return PartitionRecovery(
            inventory: inventory, partitions: partitions, writer: batches, reader: reader, persister: persister,
            salvage: salvage, reload: reload, leases: leases, report: report, onRecovered: { sweeper.sweepSoon() })
    }

    func makeWorkers(
        _ scanner: OutboxScanner, _ persister: OutboxPersister, _ acknowledger: Acknowledger,
        _ recovery: PartitionRecovery, _ keeper: LeaseKeeper
    ) -> PartitionWorkers {
        PartitionWorkers(
            loop: loop, scanner: scanner, persister: persister, acknowledger: acknowledger, recovery: recovery,
            keeper: keeper, leases: leases)
    }

    func makeTrimmer() -> OutboxTrimmer {
        OutboxTrimmer(loop: loop, inventory: inventory, leases: leases, report: report)
    }

    func makeListener(
        _ notices: ChangeNotices, _ scanner: OutboxScanner, _ sweeper: HoldSweeper
    ) -> ChangeListener {
        ChangeListener(
            loop: loop, notices: notices, scanner: scanner, sweeper: sweeper, leases: leases, report: report)
    }
}

// MARK: - Other services

extension ReconcilerParts {
    func makeMeter() -> LagMeter {
        LagMeter(loop: loop, inventory: inventory, bookings: bookings, leases: leases, report: report)
    }

    func makeSweeper() -> HoldSweeper {
        HoldSweeper(loop: loop, inventory: inventory, leases: leases, notices: notices, report: report)
    }

    func makeChargeReporter() -> OpenChargeReporter {
        OpenChargeReporter(loop: loop, charges: charges, locator: locator, recorder: recorder, report: report)
    }

    func makeSettler(
        _ gateway: (any PaymentGateway)?, _ times: SettlementTimes, _ charges: OpenChargeReporter
    ) -> PaymentSettler {
        PaymentSettler(
            loop: loop, payments: payments, gateway: gateway,
            inquiry: AttemptInquiry(payments: payments, locator: locator, recorder: recorder),
            refunds: RefundSender(inventory: inventory, payments: payments, locator: locator, report: report),
            charges: charges, times: times, report: report)
    }

    func makeJudge() -> OverruleJudge {
        OverruleJudge(inventory: inventory, verdicts: verdicts, leases: leases, report: report)
    }

    func makeCanceller() -> EventCanceller {
        EventCanceller(
            loop: loop, inventory: inventory, bookings: bookings, locator: locator, leases: leases, report: report)
    }

    func makePoller(
        _ settler: PaymentSettler, _ charges: OpenChargeReporter, _ judge: OverruleJudge, _ canceller: EventCanceller
    ) -> DueWorkPoller {
        DueWorkPoller(
            loop: loop, pool: pool, leases: leases, settler: settler, charges: charges, judge: judge,
            canceller: canceller)
    }
}
