import Booking
public import EventLoop
public import Inventory
public import PostgresClient
import Records

/// Writes outboxes down in order, returns lapsed holds, and recovers partitions; several copies share the partitions.
///
/// Lives on one loop. Kill it anywhere: another copy, or the next start, goes on from the committed cursor.
public final class Reconciler {
    /// How many bookings and dead letters it wrote, and what it last failed at.
    public struct Report: Sendable {
        /// Entries written down.
        public var entries = 0
        /// Entries put aside.
        public var deadLetters = 0
        /// Lapsed holds returned.
        public var expired = 0
        /// Recoveries completed.
        public var recoveries = 0
        /// The last failure, for the log.
        public var lastFailure = ""
    }

    let loop: EventLoop
    let inventory: Inventory
    let partitions: Partitions
    let catalogue: Catalogue
    let bookings: BookingStore
    let seats: SeatStore
    let writer: BatchWriter
    /// What was done so far.
    public internal(set) var report = Report()
    /// Told each failure, for the log; contains no data.
    public var onFailure: (String) -> Void = { _ in }

    private let owner: String
    private var leased: [Partition: PartitionRow] = [:]
    private var isStopping = false
    private var isRunning = false

    /// Leases last this long; a dead copy's partitions are taken over after it.
    private static let leaseSeconds = 6
    private static let leaseInterval: Int64 = 2_000_000_000
    private static let sweepInterval: Int64 = 200_000_000
    /// Pauses between two looks at quiet outboxes: the first keeps a confirmation waiting shortly, the last spares Redis.
    private static let pauses = (shortest: Duration.milliseconds(2), longest: Duration.milliseconds(25))

    /// A reconciler that does not run yet. On the loop's thread only.
    ///
    /// - Parameter owner: names this copy; another for each.
    public init(loop: EventLoop, inventory: Inventory, pool: PostgresPool, owner: String) {
        self.loop = loop
        self.inventory = inventory
        self.owner = owner
        partitions = Partitions(pool: pool)
        catalogue = Catalogue(pool: pool)
        bookings = BookingStore(pool: pool)
        seats = SeatStore(pool: pool)
        writer = BatchWriter(pool: pool)
    }

    /// Works until `stop`.
    public func run() async {
        isRunning = true
        var nextLease: Int64 = 0
        var nextSweep: Int64 = 0
        var pause = Self.pauses.shortest
        while !isStopping {
            let now = monotonicNanoseconds()
            if now >= nextLease {
                await lease()
                nextLease = now + Self.leaseInterval
            }
            let worked = await persistAll()
            if now >= nextSweep {
                await expireAll()
                nextSweep = now + Self.sweepInterval
            }
            pause = worked ? Self.pauses.shortest : min(pause * 2, Self.pauses.longest)
            if !worked { await loop.sleep(for: pause) }
        }
        try? await partitions.release(owner: owner)
        isRunning = false
    }

    /// Ends `run` after the batch under way, and gives the leases back.
    public func stop() async {
        isStopping = true
        while isRunning { await loop.sleep(for: .milliseconds(5)) }
    }

    private func lease() async {
        do {
            let rows = try await partitions.lease(owner: owner, seconds: Self.leaseSeconds)
            leased = Dictionary(uniqueKeysWithValues: rows.map { ($0.partition, $0) })
        } catch {
            note(error.description)
        }
    }

    /// One look at every partition of this copy; true when something was there.
    private func persistAll() async -> Bool {
        let rows = leased.values.sorted { $0.partition < $1.partition }
        guard !rows.isEmpty else { return false }
        let looks: [Look]
        do {
            looks = try await look(rows)
        } catch {
            note(error.description)
            return false
        }
        var worked = false
        for look in looks where !isStopping {
            let partition = look.row.partition
            if look.needsRecovery {
                leased[partition] = await recover(partition) ?? look.row
                worked = true
            } else if !look.entries.isEmpty {
                leased[partition] = await persist(look.row, look.entries)
                worked = true
            }
        }
        return worked
    }

    private func expireAll() async {
        do {
            let now = try await inventory.now()
            for partition in leased.keys where !isStopping {
                for event in try await inventory.dueEvents(partition, now: now, limit: 64) {
                    var more = true
                    while more, !isStopping {
                        let (returned, others) = try await inventory.expire(event)
                        report.expired += returned
                        more = others
                    }
                }
            }
        } catch {
            note(error.description)
        }
    }

    func note(_ failure: String) {
        guard failure != report.lastFailure else { return }
        report.lastFailure = failure
        onFailure(failure)
    }
}
