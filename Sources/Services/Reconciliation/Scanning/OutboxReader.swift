import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory

/// Reads outboxes beyond their cursors, and checks whether Redis can be trusted. Lives on one loop.
final class OutboxReader {
    private let loop: EventLoop
    private let inventory: Inventory
    private let leases: LeaseTable
    private let notices: ChangeNotices?
    private let report: ReconcilerReport

    /// Entries in one scan over all its partitions: Redis must return them within the command's time limit.
    private static let entriesAtOnce = 20_000
    /// Booking versions in one transaction, not counting those of its last entry.
    private static let transitionLimit = 6000
    /// Versions parsed without a pause, some milliseconds: replies of PostgreSQL wait meanwhile.
    private static let transitionsAtOnce = 250

    init(
        loop: EventLoop, inventory: Inventory, leases: LeaseTable, notices: ChangeNotices?, report: ReconcilerReport
    ) {
        self.loop = loop
        self.inventory = inventory
        self.leases = leases
        self.notices = notices
        self.report = report
    }

    /// Scans many partitions in one write: `meta`, an XREAD and an EXISTS each, pipelined.
    func scan(_ rows: [PartitionRow]) async throws(InventoryError) -> [PartitionScan] {
        guard let identity = inventory.connection.identity else {
            throw InventoryError(.unavailable, "Redis is not connected")
        }
        let limits = rows.map { limit(of: $0, among: rows.count) }
        let replies = try await inventory.pipeline(zip(rows, limits).flatMap { commands($0, limit: $1) })
        let isListening = notices?.isListening == true
        for row in rows {
            leases.update(row.partition) { $0.checked(now: monotonicNanoseconds(), isListening: isListening) }
        }
        var scans: [PartitionScan] = []
        for (index, row) in rows.enumerated() {
            let state = RedisState(row, meta: replies[3 * index], exists: replies[3 * index + 2], identity)
            let entries = state.isTrusted ? Self.entries(replies[3 * index + 1]) : []
            let batch = await batch(of: row.partition, entries)
            scans.append(
                PartitionScan(
                    row: row, batch: batch, hasMore: batch.count < entries.count || entries.count >= limits[index],
                    needsRecovery: !state.isTrusted && identity.isMaster,
                    acknowledged: state.isTrusted ? state.cursor : row.cursor))
        }
        return scans
    }

    private func commands(_ row: PartitionRow, limit: Int) -> [[String]] {
        [
            [
                "HMGET", inventory.keys.meta(row.partition), "epoch", "state", "identity", "broken", "cursor",
                OutboxTrimmer.trimmedField,
            ],
            command(row, limit: limit),
            ["EXISTS", inventory.keys.outbox(row.partition)],
        ]
    }

    /// XREAD of a partition's next entries.
    func command(_ row: PartitionRow, limit: Int) -> [String] {
        [
            "XREAD", "COUNT", String(limit), "STREAMS", inventory.keys.outbox(row.partition), row.cursor.description,
        ]
    }

    /// The entries in the reply to `command`.
    static func entries(_ reply: RedisValue) -> [RedisValue] { reply.array?.first?.array?.last?.array ?? [] }

    /// The limit of entries in a partition's next batch.
    ///
    /// - Parameter count: how many partitions are scanned together.
    func limit(of row: PartitionRow, among count: Int = 1) -> Int {
        min(leases[row.partition]?.batchLimit ?? 1, max(1, Self.entriesAtOnce / count))
    }

    /// Parses the first of these entries, as many as fit in one transaction.
    ///
    /// - Parameter bound: the limit of booking versions.
    func batch(
        of partition: Partition, _ entries: [RedisValue], bound: Int = OutboxReader.transitionLimit
    ) async -> [ParsedEntry] {
        var parsed: [ParsedEntry] = []
        var transitions = 0
        var pause = Self.transitionsAtOnce
        for entry in entries {
            guard transitions < bound else { break }
            guard let entry = ParsedEntry(entry, of: partition, partitions: inventory.keys.partitions) else { continue }
            parsed.append(entry)
            transitions += entry.transitions.count
            if transitions >= pause {
                pause = transitions + Self.transitionsAtOnce
                await loop.sleep(for: .zero)
            }
        }
        if parsed.isEmpty, !entries.isEmpty {
            report.note("partition \(partition.number): XREAD returned elements that are not stream entries")
        }
        return parsed
    }
}

/// The state of a partition in Redis, from its `meta`.
private struct RedisState {
    let isTrusted: Bool
    /// The last acknowledged entry.
    let cursor: StreamID

    init(_ row: PartitionRow, meta: RedisValue, exists: RedisValue, _ identity: RedisIdentity) {
        let meta = meta.array ?? []
        let ids = meta.suffix(2).map { $0.string.flatMap { StreamID($0) } ?? .zero }
        // A script that failed half-way, or a missing outbox, also needs a recovery.
        let isWhole = meta.count == 6 && meta[3].string == nil && exists.integer == 1
        isTrusted =
            isWhole && meta[0].integer == row.epoch
            && meta[1].string == Inventory.openState(epoch: "\(row.epoch)", identity: identity.validated)
            && ids[1] <= row.cursor
        cursor = ids.first ?? .zero
    }
}
