import BoxOffice
import Loops
import PlantedBugs
import Records
import RedisClient
import SeatInventory

extension Reconciler {
    /// Of a partition's `meta`: entries strictly below this one may be gone from the outbox.
    static let trimmedField = "trimmed"

    /// Takes away what every outbox has had written down for long enough, or all of it when Redis's memory runs short.
    func trimAll() async {
        do {
            let retained = try await isMemoryShort() ? Duration.zero : retained
            let now = monotonicNanoseconds()
            var commands: [[String]] = []
            for partition in leased.keys {
                if PlantedBug.current == .trimBeyondCursor {
                    commands.append(["XTRIM", inventory.keys.outbox(partition), "MAXLEN", "0"])
                }
                guard let cursor = leased[partition]?.row.cursor, cursor > .zero,
                    let horizon = leased[partition]?.retention.horizon(cursor, now: now, retained: retained.nanoseconds)
                else { continue }
                // Before it is done: what begins after PostgreSQL's cursor must be known to have a gap.
                commands.append(["HSET", inventory.keys.meta(partition), Self.trimmedField, horizon.description])
                commands.append(["XTRIM", inventory.keys.outbox(partition), "MINID", "~", horizon.description])
            }
            _ = try await inventory.pipeline(commands)
        } catch {
            note(error.description)
        }
    }

    /// Whether Redis uses more than half of what it may: the rest is for bookings, and for the copy that a rewrite of
    /// its append-only file makes.
    private func isMemoryShort() async throws(InventoryError) -> Bool {
        guard let memory = try await inventory.memory() else { return false }
        let limit = memory.maximum ?? memory.machine
        return limit > 0 && memory.used > limit / 2
    }
}
