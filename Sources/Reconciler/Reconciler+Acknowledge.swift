import Booking
import Inventory
import PostgresClient
import Records
import RedisClient

extension Reconciler {
    /// How long an ended booking stays in Redis after it was written down; it is put back when somebody acts on it.
    private static let endedMilliseconds: Int64 = 3_600_000
    /// A confirmed one: as long as the idempotency record of its claim.
    private static let confirmedMilliseconds: Int64 = 86_400_000
    /// Entries looked at in one call of `acknowledgeAgain`.
    private static let againLimit = 200

    /// After the commit: tells who waits, moves the cursor that reads compare with, and lets bookings go that are held no
    /// more. Losing any of it loses nothing: the cursor in Redis is then behind, and it is done again.
    ///
    /// - Parameters:
    ///   - cursor: up to where Redis was told before.
    ///   - entries: how many entries lie between that and the row's.
    /// - Returns: whether Redis took all of it.
    func acknowledge(
        _ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int
    ) async -> Bool {
        var commands: [[String]] = []
        var last: [BookingID: BookingImage] = [:]
        for transition in transitions {
            last[transition.booking] = transition.image
            guard let channel = transition.channel else { continue }
            commands.append(["PUBLISH", channel, "\(transition.booking) \(transition.image.made) \(row.epoch)"])
        }
        let leaving = last.filter { !$0.value.status.isHeld }.map { booking, image in
            Inventory.Leaving(
                booking: booking, version: image.version,
                milliseconds: image.status == .confirmed ? Self.confirmedMilliseconds : Self.endedMilliseconds)
        }
        do {
            _ = try await inventory.pipeline(commands)
            try await inventory.acknowledge(
                row.partition, epoch: row.epoch, from: cursor, to: row.cursor, entries: entries, leaving: leaving)
            return true
        } catch {
            note(error.description)
            return false
        }
    }

    /// Does what whoever wrote entries down did not live to do, or does not know: acknowledges what PostgreSQL has.
    ///
    /// - Parameter cursor: up to where Redis was told.
    func acknowledgeAgain(_ row: PartitionRow, from cursor: StreamID) async -> Progress {
        do {
            let reply = try await inventory.command([
                "XRANGE", inventory.keys.outbox(row.partition), "(\(cursor)", row.cursor.description,
                "COUNT", String(Self.againLimit),
            ])
            let entries = (reply.array ?? []).compactMap {
                Parsed($0, of: row.partition, partitions: inventory.keys.partitions)
            }
            let transitions = entries.flatMap(\.transitions)
            let rows = try await bookings.made(of: Array(Set(transitions.map(\.booking))))
            let reached = entries.count == Self.againLimit ? entries.last?.id : nil
            let isTold = await acknowledge(
                transitions.filter { $0.image.made == rows[$0.booking] },
                PartitionRow(row, cursor: reached), from: cursor, entries: entries.count)
            return isTold ? .done(row) : .unsure
        } catch {
            note("\(error)")
            return .unsure
        }
    }
}
