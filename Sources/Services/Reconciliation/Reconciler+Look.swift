import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory

/// One look at a partition: what its outbox has beyond the cursor, and whether Redis can be trusted.
struct Look {
    let row: PartitionRow
    /// What is next, as much as a transaction can bear.
    let batch: [Parsed]
    /// Whether there may be more than that.
    let hasMore: Bool
    let needsRecovery: Bool
    /// Up to where Redis was told that it is written down.
    let acknowledged: StreamID
}

extension Look {
    var hasWork: Bool { needsRecovery || !batch.isEmpty || acknowledged < row.cursor }
}

extension Reconciler {
    /// Those of these partitions that are to be looked at closely: quiet ones, which are most, are asked by one XREAD
    /// together whether they have anything new, and checked a few times a second.
    func stirring(_ partitions: [Partition], now: Int64) async -> [PartitionRow] {
        checkAll(ifAnother: inventory.connection.identity, now: now)
        let states = partitions.compactMap { leased[$0] }
        let quiet = states.filter { $0.isQuiet(now: now) }.map(\.row)
        let others = states.filter { !$0.isQuiet(now: now) }.map(\.row)
        do {
            guard !quiet.isEmpty else { return others }
            let outboxes = quiet.map { inventory.keys.outbox($0.partition) }
            let reply = try await inventory.command(
                ["XREAD", "COUNT", "1", "STREAMS"] + outboxes + quiet.map(\.cursor.description))
            // It names the streams that have something.
            let found = Set((reply.array ?? []).compactMap { $0.array?.first?.string })
            return others + zip(quiet, outboxes).filter { found.contains($1) }.map(\.0)
        } catch {
            note(error.description)
            return others
        }
    }

    /// No partition was checked yet of a Redis that is another than before.
    private func checkAll(ifAnother identity: RedisIdentity?, now: Int64) {
        guard identity != checkedIdentity else { return }
        checkedIdentity = identity
        checkAll(now: now)
    }

    /// All that rest are checked at once.
    private func checkAll(now: Int64) {
        let resting = leased.filter { $0.value.isQuiet(now: now) }.keys
        for partition in resting { leased[partition]?.unchecked() }
        stir(Array(resting))
    }

    /// The looks of these partitions at which something is to be done.
    func work(of rows: [PartitionRow]) async -> [Look] {
        guard !rows.isEmpty else { return [] }
        do {
            let found = try await look(rows).filter(\.hasWork)
            // What befell one may have befallen all.
            if found.contains(where: \.needsRecovery) { checkAll(now: monotonicNanoseconds()) }
            return await inOrder(found)
        } catch {
            note(error.description)
            for row in rows { leased[row.partition]?.unanswered() }
            return []
        }
    }

    /// Looks at many partitions in one write: one pipelined XREAD and `meta` each.
    func look(_ rows: [PartitionRow]) async throws(InventoryError) -> [Look] {
        guard let identity = inventory.connection.identity else {
            throw InventoryError(.unavailable, "Redis is not connected")
        }
        let limits = rows.map { limit(of: $0, among: rows.count) }
        var commands: [[String]] = []
        for (row, limit) in zip(rows, limits) {
            commands.append([
                "HMGET", inventory.keys.meta(row.partition), "epoch", "state", "identity", "broken", "cursor",
                Self.trimmedField,
            ])
            commands.append(read(row, limit: limit))
            commands.append(["EXISTS", inventory.keys.outbox(row.partition)])
        }
        let replies = try await inventory.pipeline(commands)
        let isHeard = notices?.isHearing == true
        for row in rows { leased[row.partition]?.checked(now: monotonicNanoseconds(), isHeard: isHeard) }
        var looks: [Look] = []
        for (index, row) in rows.enumerated() {
            let meta = replies[3 * index].array ?? []
            let ids = meta.suffix(2).map { $0.string.flatMap { StreamID($0) } ?? .zero }
            // A script that failed half-way, and an outbox that is gone, are healed by a recovery too.
            let isWhole =
                meta.count == 6 && meta[3].string == nil && replies[3 * index + 2].integer == 1
            let isTrusted =
                isWhole && meta[0].integer == row.epoch
                && meta[1].string == Inventory.openState(epoch: "\(row.epoch)", identity: identity.validated)
                && ids[1] <= row.cursor
            let entries = isTrusted ? Self.entries(replies[3 * index + 1]) : []
            let batch = await batch(of: row.partition, entries)
            looks.append(
                Look(
                    row: row, batch: batch, hasMore: batch.count < entries.count || entries.count >= limits[index],
                    needsRecovery: !isTrusted && identity.isMaster, acknowledged: isTrusted ? ids[0] : row.cursor))
        }
        return looks
    }

    /// Of partitions that need a recovery those come first where something is on sale now.
    func inOrder(_ looks: [Look]) async -> [Look] {
        guard looks.count(where: \.needsRecovery) > 1, let onSale = try? await catalogue.partitionsOnSale() else {
            return looks
        }
        return looks.filter { onSale.contains($0.row.partition) } + looks.filter { !onSale.contains($0.row.partition) }
    }

    /// Entries of one look: what Redis tells of all partitions together is to come within its time.
    private static let entriesAtOnce = 20_000

    /// How many entries its next batch has.
    ///
    /// - Parameter count: partitions that are looked at together.
    func limit(of row: PartitionRow, among count: Int = 1) -> Int {
        min(leased[row.partition]?.batchLimit ?? 1, max(1, Self.entriesAtOnce / count))
    }

    /// XREAD of what a partition has next.
    func read(_ row: PartitionRow, limit: Int) -> [String] {
        [
            "XREAD", "COUNT", String(limit), "STREAMS", inventory.keys.outbox(row.partition), row.cursor.description,
        ]
    }

    /// Versions of bookings in one transaction, those of its last entry not counted.
    static let transitionLimit = 6000
    /// So many are read without a pause, some milliseconds: what PostgreSQL has answered meanwhile waits for it.
    private static let transitionsAtOnce = 250

    /// The first of these entries, as many as a transaction can bear.
    ///
    /// - Parameter bound: versions of bookings.
    func batch(
        of partition: Partition, _ entries: [RedisValue], bound: Int = Reconciler.transitionLimit
    ) async -> [Parsed] {
        var parsed: [Parsed] = []
        var transitions = 0
        var pause = Self.transitionsAtOnce
        for entry in entries {
            guard transitions < bound else { break }
            guard let entry = Parsed(entry, of: partition, partitions: inventory.keys.partitions) else { continue }
            parsed.append(entry)
            transitions += entry.transitions.count
            if transitions >= pause {
                pause = transitions + Self.transitionsAtOnce
                await loop.sleep(for: .zero)
            }
        }
        if parsed.isEmpty, !entries.isEmpty {
            note("partition \(partition.number): XREAD answered what is no stream")
        }
        return parsed
    }

    /// The entries in the answer to `read`.
    static func entries(_ reply: RedisValue) -> [RedisValue] { reply.array?.first?.array?.last?.array ?? [] }
}
