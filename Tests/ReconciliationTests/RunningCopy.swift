import Glibc
import Loops
import PostgresClient
import RedisClient
import SeatInventory
import Synchronization

@testable import Reconciliation

/// A reconciler replica that runs on its own loop, as in `usher reconcile`, and can be made to stall.
final class RunningCopy: Sendable {
    private let loop: EventLoop
    private let holder = Holder()
    private let isStalled = Atomic<Bool>(false)
    private let isBlocked = Atomic<Bool>(false)

    // SAFETY of @unchecked: touched in the loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var reconciler: Reconciler?
        var connection: RedisConnection?
        var pool: PostgresPool?
    }

    /// - Parameter retained: how long entries stay in the outbox; `nil` for the default.
    init(_ owner: String, redis: String, postgres: String, retained: Duration? = nil) async throws {
        loop = try EventLoop(name: owner)
        let holder = holder
        let configuration = try RedisConfiguration(url: redis)
        try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: configuration)
            try connection.start()
            let pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: postgres))
            let inventory = Inventory(
                loop: loop, connection: connection, keys: KeySpace(partitions: Stage.partitionCount), channel: "")
            let reconciler = Reconciler(loop: loop, inventory: inventory, pool: pool, owner: owner)
            if let retained { reconciler.trimmer.retained = retained }
            (holder.connection, holder.pool, holder.reconciler) = (connection, pool, reconciler)
            loop.spawn { await reconciler.run() }
            loop.spawn(keepStalling)
        }
    }

    /// Blocks the loop until `wake`; connections stay open, as those of a stopped process do.
    func stall() {
        isStalled.store(true, ordering: .sequentiallyConsistent)
        while !isBlocked.load(ordering: .sequentiallyConsistent) { usleep(1000) }
    }

    /// Polls on the loop itself. A task that notified the loop would wait for a thread of the pool: beside busy suites,
    /// longer than PostgreSQL lets a transaction idle.
    private func keepStalling() async {
        while holder.reconciler != nil {
            if isStalled.load(ordering: .sequentiallyConsistent) { block() }
            await loop.sleep(for: .milliseconds(1))
        }
    }

    func wake() { isStalled.store(false, ordering: .sequentiallyConsistent) }

    private func block() {
        isBlocked.store(true, ordering: .sequentiallyConsistent)
        while isStalled.load(ordering: .sequentiallyConsistent) { usleep(1000) }
    }

    func report() async -> ReconcilerReport.Counts {
        let holder = holder
        return await loop.run { _ in holder.reconciler?.report.counts ?? ReconcilerReport.Counts() }
    }

    func stop() async {
        let holder = holder
        await loop.run { _ in
            await holder.reconciler?.stop()
            holder.connection?.close()
            holder.pool?.close()
            (holder.connection, holder.pool, holder.reconciler) = (nil, nil, nil)
        }
        loop.stop()
    }
}
