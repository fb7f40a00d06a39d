import Booking
import EventLoop
import Inventory
import PlantedBugs
import PostgresClient
import Records
import RedisClient

/// One look at a partition: what its outbox has beyond the cursor, and whether Redis can be trusted.
struct Look {
    let row: PartitionRow
    let entries: [RedisValue]
    let needsRecovery: Bool
    /// Up to where Redis was told that it is written down.
    let acknowledged: StreamID
}

/// What became of one piece of work on a partition.
enum Progress {
    /// It is done, and this is the row now.
    case done(PartitionRow)
    /// Somebody else was faster, or it is not sure what was committed: the row has to be read.
    case unsure
}

extension Reconciler {
    /// Partitions that are worked on at a time: while one commits, another is read. One connection is left for leases.
    private static let writers = 3

    /// One look at every partition of this copy; true when something was there.
    func persistAll() async -> Bool {
        let now = monotonicNanoseconds()
        let ready = leased.values.filter { $0.notBefore <= now }.map(\.row).sorted { $0.partition < $1.partition }
        guard !ready.isEmpty else { return false }
        do {
            let looks = try await look(ready).filter { $0.hasWork }
            await attend(await inOrder(looks))
            return !looks.isEmpty
        } catch {
            note(error.description)
            return false
        }
    }

    /// Looks at many partitions in one write: one pipelined XREAD and `meta` each.
    func look(_ rows: [PartitionRow]) async throws(InventoryError) -> [Look] {
        guard let identity = inventory.connection.identity else {
            throw InventoryError(.unavailable, "Redis is not connected")
        }
        var commands: [[String]] = []
        for row in rows {
            commands.append([
                "HMGET", inventory.keys.meta(row.partition), "epoch", "state", "identity", "broken", "cursor",
                Self.trimmedField,
            ])
            commands.append(read(row))
            commands.append(["EXISTS", inventory.keys.outbox(row.partition)])
        }
        let replies = try await inventory.pipeline(commands)
        return rows.enumerated().map { index, row in
            let meta = replies[3 * index].array ?? []
            let ids = meta.suffix(2).map { $0.string.flatMap { StreamID($0) } ?? .zero }
            // A script that failed half-way, and an outbox that is gone, are healed by a recovery too.
            let isWhole =
                meta.count == 6 && meta[3].string == nil && replies[3 * index + 2].integer == 1
            let isTrusted =
                isWhole && meta[0].integer == row.epoch && meta[1].string == "open"
                && meta[2].string == identity.validated && ids[1] <= row.cursor
            return Look(
                row: row, entries: isTrusted ? Self.entries(replies[3 * index + 1]) : [],
                needsRecovery: !isTrusted && identity.isMaster, acknowledged: isTrusted ? ids[0] : row.cursor)
        }
    }

    /// Of partitions that need a recovery those come first where something is on sale now.
    func inOrder(_ looks: [Look]) async -> [Look] {
        guard looks.count(where: \.needsRecovery) > 1, let onSale = try? await catalogue.partitionsOnSale() else {
            return looks
        }
        return looks.filter { onSale.contains($0.row.partition) } + looks.filter { !onSale.contains($0.row.partition) }
    }

    /// XREAD of the next batch of a partition.
    func read(_ row: PartitionRow) -> [String] {
        let limit = leased[row.partition]?.batchLimit ?? 1
        return [
            "XREAD", "COUNT", String(limit), "STREAMS", inventory.keys.outbox(row.partition), row.cursor.description,
        ]
    }

    /// The entries in the answer to `read`.
    static func entries(_ reply: RedisValue) -> [RedisValue] { reply.array?.first?.array?.last?.array ?? [] }

    private func attend(_ looks: [Look]) async {
        guard !looks.isEmpty else { return }
        var waiting = looks[...]
        var writers = 0
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            for _ in 0..<min(Self.writers, looks.count) {
                writers += 1
                loop.spawn { [self] in
                    while !isStopping, let look = waiting.popFirst() { await attend(look) }
                    writers -= 1
                    if writers == 0 { done.resume() }
                }
            }
        }
    }

    private func attend(_ look: Look) async {
        let partition = look.row.partition
        switch await progress(look) {
        case .done(let row):
            leased[partition]?.succeeded(row)
        case .unsure:
            leased[partition]?.failed(now: monotonicNanoseconds())
            await reread(partition)
        }
    }

    private func progress(_ look: Look) async -> Progress {
        if look.needsRecovery { return await recover(look.row) }
        var progress = Progress.done(look.row)
        if look.acknowledged < look.row.cursor { progress = await acknowledgeAgain(look.row, from: look.acknowledged) }
        // What Redis could not be told holds up nothing.
        if !look.entries.isEmpty {
            progress = await persist(PartitionRow(look.row, lineage: look.row.epoch), look.entries)
        }
        return progress
    }

    /// Learns what is true, when it is not sure what was committed or by whom.
    private func reread(_ partition: Partition) async {
        do {
            guard let row = try await partitions.row(partition), row.owner == owner else {
                leased[partition] = nil
                return
            }
            leased[partition]?.row = row
        } catch {
            note(error.description)
        }
    }

    /// Writes a batch down, then acknowledges it.
    ///
    /// - Parameter row: as it was read, with the lineage of the entries.
    func persist(_ row: PartitionRow, _ entries: [RedisValue]) async -> Progress {
        let parsed = entries.compactMap { Parsed($0, of: row.partition, partitions: inventory.keys.partitions) }
        guard let cursor = parsed.last?.id else {
            note("partition \(row.partition.number): XREAD answered what is no stream")
            return .unsure
        }
        do {
            let start = monotonicNanoseconds()
            if PlantedBug.current == .ackBeforeCommit {
                _ = await acknowledge(parsed.flatMap(\.transitions), row, from: row.cursor, entries: 0)
            }
            guard let written = try await write(parsed, row, cursor) else { return .unsure }
            report.entries += parsed.count
            measured(parsed, row.partition, since: start)
            log(written)
            trace(written, since: start)
            let next = PartitionRow(row, cursor: cursor)
            _ = await acknowledge(written, next, from: row.cursor, entries: parsed.count)
            return .done(next)
        } catch {
            note("\(error)")
            return .unsure
        }
    }
}

extension Look {
    fileprivate var hasWork: Bool { needsRecovery || !entries.isEmpty || acknowledged < row.cursor }
}
