import Foundation
import Logging
import Loops
import Metrics
import PostgresClient
import Reconciliation
import RedisClient
import SeatInventory
import Telemetry
import Tracing

/// `usher reconcile`.
struct Reconcile {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        let isSimulated = try settings.paymentProvider() == nil
        try await Stores.prepare(settings)
        _ = try await Stores.checkRedis(settings)
        let traces = try await Traces.start(settings, service: "usher-reconcile")
        let running = try await RunningReconciler.start(settings, metricsPort: try settings.metricsPort())
        if isSimulated { Log.warning("No money is refunded: the payment provider is the simulated one.") }
        Log.info("reconciling")
        await Signals.wait()
        await running.stop()
        await traces?.stop()
    }
}

/// A reconciler on its own loop.
struct RunningReconciler: Sendable {
    private let loop: EventLoop
    private let holder: Holder
    private let drift: RunningDriftWatch

    // SAFETY of @unchecked: `reconciler` is touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var reconciler: Reconciler?
        var sampler: StoreSampler?
        var auditKeeper: AuditKeeper?
        var libraryKeeper: LibraryKeeper?
        var metrics: MetricsServer?
    }

    /// - Parameter metricsPort: the port of its metrics; `nil` if another server of this process serves them.
    static func start(_ settings: Settings, metricsPort: Int? = nil) async throws -> RunningReconciler {
        Version.tell()
        let redis = try settings.redis()
        let postgres = try settings.postgres()
        let partitions = try settings.partitions()
        let gateway = try settings.gateway()
        let auditRetention = try settings.auditRetention()
        let loop = try EventLoop(name: "reconcile")
        let holder = Holder()
        let host = settings.host
        let owner = UUID().uuidString.lowercased()
        try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: redis)
            try connection.start()
            let inventory = Inventory(
                loop: loop, connection: connection, keys: KeySpace(partitions: partitions), channel: "")
            let pool = PostgresPool(loop: loop, configuration: postgres)
            let notices = try ChangeNotices(
                subscriber: RedisSubscriber(loop: loop, configuration: redis), keys: inventory.keys)
            let reconciler = Reconciler(
                loop: loop, inventory: inventory, pool: pool, owner: owner, gateway: gateway(loop, inventory),
                notices: notices)
            reconciler.report.onFailure = { failure, trace in
                let cause = trace?.split(separator: ",", maxSplits: 1) ?? []
                Log.warning("reconciling failed; retrying") { line in
                    line.add("requestId", cause.dropFirst().first.map(String.init))
                    line.add("traceId", cause.first.map { TraceContext.traceID(in: $0) })
                    line.add("failure", failure)
                }
            }
            holder.reconciler = reconciler
            let keeper = AuditKeeper(loop: loop, pool: pool, retained: auditRetention) {
                Int64(Date().timeIntervalSince1970 * 1000)
            }
            holder.auditKeeper = keeper
            loop.spawn { await keeper.run() }
            let libraries = LibraryKeeper(loop: loop, connection: connection, deletes: true)
            libraries.onDelete = { name in
                Log.info("deleted a function library that no copy has called for a day") { $0.add("library", name) }
            }
            libraries.start()
            holder.libraryKeeper = libraries
            if Tracer.shared.isOn { connection.onScript = Tracer.shared.scriptCalled }
            holder.sampler = StoreSampler(loop: loop, name: "reconcile", connection: connection, pool: pool)
            if let metricsPort { holder.metrics = try MetricsServer(loop: loop, host: host, port: metricsPort) }
        }
        Task(executorPreference: loop.executor) {
            await loop.run { _ in await holder.reconciler?.run() }
        }
        let drift = try await RunningDriftWatch.start(settings) {
            await loop.run { _ in holder.reconciler?.ownRows ?? [:] }
        }
        return RunningReconciler(loop: loop, holder: holder, drift: drift)
    }

    /// Finishes the current batch and releases the leases.
    func stop() async {
        await drift.stop()
        await loop.run { _ in
            await holder.auditKeeper?.stop()
            await holder.reconciler?.stop()
            await holder.metrics?.stop()
            holder.reconciler = nil
            holder.sampler = nil
            holder.auditKeeper = nil
            holder.libraryKeeper = nil
            holder.metrics = nil
        }
        loop.stop()
    }
}
