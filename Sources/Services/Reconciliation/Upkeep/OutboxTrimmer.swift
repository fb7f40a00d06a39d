import BoxOffice
import Loops
import PlantedBugs
import Records
import RedisClient
import SeatInventory

/// Trims outbox entries persisted long enough ago, or all persisted entries when Redis's memory runs short.
final class OutboxTrimmer: ReconcilerService {
    private let inventory: Inventory
    private let leases: LeaseTable
    private let report: ReconcilerReport
    private let periodic: PeriodicLoop
    /// How long entries stay in the outbox after they were persisted, if memory allows, so that PostgreSQL can be
    /// refilled after it falls back.
    var retained = Duration.seconds(3600)

    /// A field of a partition's `meta`: entries strictly below this one may be gone from the outbox.
    static let trimmedField = "trimmed"
    private static let pause = Duration.seconds(1)

    init(loop: EventLoop, inventory: Inventory, leases: LeaseTable, report: ReconcilerReport) {
        self.inventory = inventory
        self.leases = leases
        self.report = report
        periodic = PeriodicLoop(loop)
    }

    func run() async {
        await periodic.run { [self] in
            await trimAll()
            return Self.pause
        }
    }

    func stop() { periodic.stop() }

    /// Trims the outboxes of all leased partitions.
    func trimAll() async {
        do {
            let retained = try await isMemoryShort() ? Duration.zero : retained
            let now = monotonicNanoseconds()
            var commands: [[String]] = []
            for partition in leases.partitions {
                if PlantedBug.current == .trimBeyondCursor {
                    commands.append(["XTRIM", inventory.keys.outbox(partition), "MAXLEN", "0"])
                }
                guard let horizon = horizon(partition, now: now, retained: retained) else { continue }
                // Recorded before the trim, so that a gap between PostgreSQL's cursor and the outbox is detected.
                commands.append(["HSET", inventory.keys.meta(partition), Self.trimmedField, horizon.description])
                commands.append(["XTRIM", inventory.keys.outbox(partition), "MINID", "~", horizon.description])
            }
            _ = try await inventory.pipeline(commands)
        } catch {
            report.note(error.description)
        }
    }

    /// The entry below which a partition's outbox is trimmed; `nil` if unchanged.
    private func horizon(_ partition: Partition, now: Int64, retained: Duration) -> StreamID? {
        guard let cursor = leases[partition]?.row.cursor, cursor > .zero else { return nil }
        var horizon: StreamID?
        leases.update(partition) {
            horizon = $0.retention.horizon(cursor, now: now, retained: retained.nanoseconds)
        }
        return horizon
    }

    /// Whether Redis uses more than half of its memory: the rest is reserved for bookings, and for copy-on-write during
    /// a rewrite of the append-only file.
    private func isMemoryShort() async throws(InventoryError) -> Bool {
        guard let memory = try await inventory.memory() else { return false }
        let limit = memory.maximum ?? memory.machine
        return limit > 0 && memory.used > limit / 2
    }
}
