import Booking
import EventLoop
import Inventory
import PostgresClient
import Records
import RedisClient

extension Reconciler {
    /// Recovers a partition: afterwards Redis holds what PostgreSQL has, whatever it had lost, and is open again.
    ///
    /// The surviving tail is written down first; from then on PostgreSQL has everything that Redis has, and rebuilding
    /// from PostgreSQL alone is right. Killed anywhere it is done again under a higher epoch; a copy that stalls and
    /// wakes is refused at its next script or commit. The first start is a recovery of nothing.
    ///
    /// - Returns: the partition's row, or `nil` when it has to be tried again.
    func recover(_ partition: Partition) async -> PartitionRow? {
        do {
            guard let row = try await partitions.raiseEpoch(partition) else { return nil }
            guard let lineage = try await inventory.close(partition, epoch: row.epoch),
                let drained = try await takeTail(row, lineage: lineage),
                try await reload(drained),
                try await inventory.open(partition, epoch: row.epoch, cursor: drained.cursor) == .done
            else { return nil }
            report.recoveries += 1
            return drained
        } catch let error as PostgresError {
            note(error.description)
        } catch let error as InventoryError {
            note(error.description)
        } catch {
            note("recovery failed")
        }
        await loop.sleep(for: .milliseconds(50))
        return nil
    }

    /// Writes down what this Redis has beyond the cursor, or throws it away when PostgreSQL has moved on from it.
    private func takeTail(_ row: PartitionRow, lineage: Int64) async throws -> PartitionRow? {
        var row = row
        let outbox = inventory.keys.outbox(row.partition)
        if lineage < row.lineage {
            _ = try await inventory.command(["DEL", outbox])
            return row
        }
        while true {
            let reply = try await inventory.command([
                "XREAD", "COUNT", "1000", "STREAMS", outbox, row.cursor.description,
            ])
            let entries = reply.array?.first?.array?.last?.array ?? []
            guard !entries.isEmpty else { return row }
            let next = await persist(row, entries)
            guard next.cursor > row.cursor, next.epoch == row.epoch else { return nil }
            row = next
        }
    }

    /// Puts events, users' totals and live holds back; false when a later recovery was here.
    private func reload(_ row: PartitionRow) async throws -> Bool {
        _ = try await inventory.command(["DEL", inventory.keys.due(row.partition)])
        for event in try await catalogue.current(in: row.partition) {
            let clock = try await bookings.clock(of: event.id)
            let policy = event.policy(clock: clock, seats: try await seats.state(of: event.id))
            guard try await inventory.load(policy, recovering: row.epoch) == .done,
                try await reloadBlocks(event.id, row.epoch), try await reloadUsers(event.id, row.epoch),
                try await reloadHolds(event.id, row)
            else { return false }
        }
        return true
    }

    private func reloadBlocks(_ event: EventID, _ epoch: Int64) async throws -> Bool {
        var rest = try await seats.blocks(of: event)[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Inventory.loadLimit))
            guard try await inventory.loadBlocks(some, event: event, epoch: epoch) == .done else { return false }
            rest = rest.dropFirst(Inventory.loadLimit)
        }
        return true
    }

    private func reloadUsers(_ event: EventID, _ epoch: Int64) async throws -> Bool {
        var after: String?
        while true {
            let users = try await bookings.totals(of: event, after: after, limit: Inventory.loadLimit)
            guard !users.isEmpty else { return true }
            guard try await inventory.loadUsers(users, event: event, epoch: epoch) == .done else { return false }
            after = users.last?.user
        }
    }

    private func reloadHolds(_ event: EventID, _ row: PartitionRow) async throws -> Bool {
        var after: BookingID?
        while true {
            let holds = try await bookings.holds(of: event, after: after, limit: Inventory.loadLimit)
            guard !holds.isEmpty else { return true }
            let loaded = try await inventory.loadHolds(
                holds.map { ($0.id, $0.image) }, partition: row.partition, epoch: row.epoch)
            guard loaded == .done else { return false }
            after = holds.last?.id
        }
    }
}
