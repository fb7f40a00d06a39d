import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// What `usher show` prints for each kind of subject, from the stores that are available.
struct ShowStores {
    let inventory: Inventory?
    let pool: PostgresPool?

    func text(_ title: String, _ table: ShowTable) -> String {
        title + "\n" + table.text(hasRedis: inventory != nil, hasPostgres: pool != nil)
    }

    // MARK: - A partition

    /// A partition, with the first entries that are not persisted.
    func partition(_ partition: Partition) async throws -> String {
        let redis = try await inventory?.shown(partition, limit: 5)
        var row: PartitionRow?
        var standing: PartitionCursor?
        if let pool {
            let partitions = Partitions(pool: pool)
            row = try await partitions.row(partition)
            standing = try await partitions.cursors(of: [partition])[partition]
        }
        guard redis != nil || row != nil else { throw Failure("Neither store has partition \(partition.number).") }
        let meta = redis?.meta ?? [:]
        var table = ShowTable()
        table.note("state", redis: redis.map { _ in Self.state(meta) })
        table.add("epoch", meta["epoch"], row.map { "\($0.epoch)" })
        table.note("lineage", redis: meta["lineage"], postgres: row.map { "\($0.lineage)" })
        table.note(
            "identity",
            redis: redis.map { $0.isOfThisRedis ? "this Redis" : "another Redis, or this one before a restart" })
        table.note("cursor", redis: meta["cursor"], postgres: row.map { "\($0.cursor)" })
        table.note(
            "outbox",
            redis: redis.map { redis in
                let backlog = redis.entries.backlog.map(String.init) ?? "an unknown number"
                return "\(Self.count(redis.entries.all, "entry", "entries")), \(backlog) not persisted"
            })
        table.note("trimmed up to", redis: meta["trimmed"])
        table.note(
            "due",
            redis: redis.map { redis in
                let first = ShowTable.time(redis.due.first).map { ", the first at \($0)" } ?? ""
                return Self.count(redis.due.count, "event", "events") + first
            })
        table.note("closed event", redis: meta["broken"])
        table.note("damaged", redis: meta["damaged"].map { _ in "yes: its outbox is unreliable" })
        table.note("keys in the first format until", redis: ShowTable.time(meta["oldkeys"].flatMap { Int64($0) }))
        table.note("reconciled by", postgres: row.map { $0.owner ?? "none" })
        table.note("dead letters", postgres: standing.map { $0.hasDeadLetters ? "yes" : "none" })
        table.note("refused bookings", postgres: standing.map { $0.hasOverruled ? "yes" : "none" })
        let entries = (redis?.first ?? []).map(Self.line)
        let backlog =
            entries.isEmpty ? "" : "\n\nFirst entries that are not persisted:\n" + entries.joined(separator: "\n")
        return text("partition \(partition.number)", table) + backlog
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    private static func state(_ meta: [String: String]) -> String {
        switch meta["state"] {
        case let state where Inventory.isOpen(state: state, epoch: meta["epoch"], identity: meta["identity"]): "open"
        case "open": "open, in the first storage format: a reconciler recovers it"
        case let other?: other
        case nil: "closed"
        }
    }

    private static func line(_ entry: Result<OutboxEntry, OutboxEntry.Malformed>) -> String {
        switch entry {
        case .failure(let malformed): return "\(malformed.id)  cannot be decoded"
        case .success(let entry):
            var parts = entry.transitions.map {
                "\($0.booking) version \($0.image.version) \($0.image.status.rawValue)"
            }
            parts += entry.blocked.map { "block \($0.id) made" } + entry.unblocked.map { "block \($0) removed" }
            if parts.isEmpty { parts = ["tiers or terms changed"] }
            return "\(entry.id)  event \(entry.event) sequence \(entry.sequence)\n    "
                + parts.joined(separator: "\n    ")
        }
    }
}
