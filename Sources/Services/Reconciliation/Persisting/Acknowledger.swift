import BoxOffice
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// After a commit: notifies waiting requests, moves the cursor in Redis that reads compare with, and lets ended and
/// confirmed bookings leave Redis. If any of this is lost, the cursor in Redis stays behind, and all of it is repeated.
final class Acknowledger {
    private let inventory: Inventory
    private let bookings: BookingStore
    private let leases: LeaseTable
    private let report: ReconcilerReport
    private let inFlight = InFlightCount()

    /// Entries per call of `acknowledgeNext`.
    private static let missedLimit = 200

    init(inventory: Inventory, bookings: BookingStore, leases: LeaseTable, report: ReconcilerReport) {
        self.inventory = inventory
        self.bookings = bookings
        self.leases = leases
        self.report = report
    }

    /// Waits until Redis has answered all acknowledgements.
    func drained() async { await inFlight.drained() }

    /// Acknowledges a batch, and waits for Redis.
    ///
    /// - Parameters:
    ///   - cursor: the cursor that was acknowledged before.
    ///   - entries: the number of entries between that and the row's cursor.
    /// - Returns: whether Redis took all of it.
    func acknowledge(
        _ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int
    ) async -> Bool {
        await acknowledge(Acknowledgement(transitions, row, from: cursor, entries: entries))
    }

    private func acknowledge(_ acknowledgement: Acknowledgement) async -> Bool {
        publish(acknowledgement.notifications)
        do {
            try await inventory.acknowledge(
                acknowledgement.row.partition, epoch: acknowledgement.row.epoch, from: acknowledgement.cursor,
                to: acknowledgement.row.cursor, entries: acknowledgement.entries,
                releasing: acknowledgement.releasable)
            return true
        } catch {
            report.note(error.description)
            return false
        }
    }

    /// Sends the acknowledgement, so that Redis runs it before the next scan; waits only if it takes several calls.
    func acknowledgeSoon(
        _ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int
    ) async {
        let acknowledgement = Acknowledgement(transitions, row, from: cursor, entries: entries)
        guard acknowledgement.releasable.count <= Inventory.acknowledgeLimit else {
            if await !acknowledge(acknowledgement) { markMissed(row.partition) }
            return
        }
        publish(acknowledgement.notifications)
        inFlight.begin()
        inventory.acknowledge(
            row.partition, epoch: row.epoch, from: cursor, to: row.cursor, entries: entries,
            releasing: acknowledgement.releasable
        ) { [self] result in
            inFlight.end()
            guard case .failure(let error) = result else { return }
            report.note(error.description)
            markMissed(row.partition)
        }
    }

    private func markMissed(_ partition: Partition) { leases.update(partition) { $0.needsAcknowledgement = true } }

    /// Sends one message per channel if its subscribers accept several lines in a message.
    private func publish(_ notifications: [(channel: String, text: String)]) {
        var lines: [String: [String]] = [:]
        for (channel, text) in notifications {
            if Inventory.takesLines(channel) {
                lines[channel, default: []].append(text)
            } else {
                publish(channel, text)
            }
        }
        for (channel, lines) in lines { publish(channel, lines.joined(separator: "\n")) }
    }

    private func publish(_ channel: String, _ text: String) {
        inventory.connection.send(RedisCommand("PUBLISH", channel, text)) { [report] result in
            if case .failure(let error) = result { report.note(error.description) }
        }
    }

    /// Acknowledges entries of a replica that crashed after the commit, or that does not know whether the commit
    /// succeeded.
    ///
    /// - Parameter cursor: the cursor that Redis has.
    func acknowledgeMissed(_ row: PartitionRow, from cursor: StreamID) async -> PartitionProgress {
        var acknowledged = cursor
        while acknowledged < row.cursor {
            guard let reached = await acknowledgeNext(row, from: acknowledged) else { return .unsure }
            acknowledged = reached
        }
        return .done(row)
    }

    /// Acknowledges the next missed entries, as far as PostgreSQL has their transitions.
    ///
    /// - Returns: the cursor that Redis has now; `nil` if it could not be moved.
    private func acknowledgeNext(_ row: PartitionRow, from cursor: StreamID) async -> StreamID? {
        do {
            let reply = try await inventory.command([
                "XRANGE", inventory.keys.outbox(row.partition), "(\(cursor)", row.cursor.description,
                "COUNT", String(Self.missedLimit),
            ])
            let entries = (reply.array ?? []).compactMap {
                ParsedEntry($0, of: row.partition, partitions: inventory.keys.partitions)
            }
            let transitions = entries.flatMap(\.transitions)
            let rows = try await bookings.made(of: Array(Set(transitions.map(\.booking))))
            let reached = entries.count == Self.missedLimit ? entries.last?.id ?? row.cursor : row.cursor
            let isAcknowledged = await acknowledge(
                transitions.filter { $0.image.made == rows[$0.booking] },
                PartitionRow(row, cursor: reached), from: cursor, entries: entries.count)
            return isAcknowledged ? reached : nil
        } catch {
            report.note("\(error)")
            return nil
        }
    }
}
