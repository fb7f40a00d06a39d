import Booking
import Inventory
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

extension Look {
    var hasWork: Bool { needsRecovery || !entries.isEmpty || acknowledged < row.cursor }
}

extension Reconciler {
    /// The looks of these partitions at which something is to be done.
    func work(of rows: [PartitionRow]) async -> [Look] {
        guard !rows.isEmpty else { return [] }
        do {
            return await inOrder(try await look(rows).filter(\.hasWork))
        } catch {
            note(error.description)
            return []
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
}
