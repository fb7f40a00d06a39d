package import BoxOffice
package import Loops
package import Payments
package import PostgresClient
package import Records
package import SeatInventory

/// Composes, starts and stops the services of `usher reconcile`; several replicas share the partitions.
///
/// Lives on one loop. It may be killed at any time: another replica, or the next start, continues from the committed
/// cursor. Services do not wait for each other: a hanging PostgreSQL does not delay the release of expired holds, and a
/// hanging provider delays nothing else.
package final class Reconciler {
    /// Counts of the work done so far, and failures.
    package let report: ReconcilerReport

    let loop: EventLoop
    let inventory: Inventory
    let leases: LeaseTable
    let keeper: LeaseKeeper
    let reader: OutboxReader
    let scanner: OutboxScanner
    let writer: OutboxWriter
    let acknowledger: Acknowledger
    let persister: OutboxPersister
    let salvage: RecordSalvage
    let recovery: PartitionRecovery
    let workers: PartitionWorkers
    let trimmer: OutboxTrimmer
    let sweeper: HoldSweeper
    let settler: PaymentSettler
    let judge: OverruleJudge
    let canceller: EventCanceller
    let poller: DueWorkPoller
    let meter: LagMeter
    private let notices: ChangeNotices?
    private let services: [any ReconcilerService]
    private let running = InFlightCount()

    /// Does not start the reconciler. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - owner: the name of this replica; unique.
    ///   - gateway: the provider of payments; without one nothing is settled.
    ///   - settlement: how long settlement waits.
    ///   - notices: announces changes; without it quiet partitions are polled all the time.
    package init(
        loop: EventLoop, inventory: Inventory, pool: PostgresPool, owner: String,
        gateway: (any PaymentGateway)? = nil, settlement: SettlementTimes = SettlementTimes(),
        notices: ChangeNotices? = nil
    ) {
        let parts = ReconcilerParts(loop: loop, inventory: inventory, pool: pool, notices: notices)
        self.loop = loop
        self.inventory = inventory
        self.notices = notices
        report = parts.report
        leases = parts.leases
        meter = parts.makeMeter()
        sweeper = parts.makeSweeper()
        let charges = parts.makeChargeReporter()
        settler = parts.makeSettler(gateway, settlement, charges)
        judge = parts.makeJudge()
        canceller = parts.makeCanceller()
        poller = parts.makePoller(settler, charges, judge, canceller)
        trimmer = parts.makeTrimmer()
        // The path of an outbox entry.
        reader = parts.makeReader()
        scanner = parts.makeScanner(reader)
        keeper = parts.makeKeeper(owner, scanner, sweeper)
        writer = parts.makeWriter(judge)
        acknowledger = parts.makeAcknowledger()
        persister = parts.makePersister(writer, acknowledger, meter, settler)
        salvage = parts.makeSalvage(writer)
        recovery = parts.makeRecovery(reader, persister, salvage, sweeper)
        workers = parts.makeWorkers(scanner, persister, acknowledger, recovery, keeper)
        var services: [any ReconcilerService] = [meter, keeper, sweeper, trimmer, settler, poller]
        if let notices { services.append(parts.makeListener(notices, scanner, sweeper)) }
        self.services = services + [scanner]
    }

    /// The partitions that this replica has leased, as they were last read or written.
    package var ownRows: [Partition: PartitionRow] { leases.rows }

    /// Runs all services until `stop`.
    package func run() async {
        running.begin()
        await loop.concurrently(services) { await $0.run() }
        await workers.drained()
        await acknowledger.drained()
        running.end()
    }

    /// Ends `run` after the current batches, and releases the leases.
    package func stop() async {
        for service in services { service.stop() }
        await running.drained()
        notices?.close()
        await keeper.release()
    }
}
