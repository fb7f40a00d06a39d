import Booking
import Inventory
import PostgresClient
import Records
import RedisClient

extension Reconciler {
    /// How long an ended booking stays in Redis after it was written down; it is put back when somebody acts on it.
    private static let endedMilliseconds = "3600000"
    /// A confirmed one: as long as the idempotency record of its claim.
    private static let confirmedMilliseconds = "86400000"
    /// Entries looked at in one call of `acknowledgeAgain`.
    private static let againLimit = 200

    /// After the commit: tells who waits, moves the cursor that reads compare with, and lets bookings go that are held no
    /// more. Losing any of it loses nothing: the cursor in Redis is then behind, and it is done again.
    ///
    /// - Returns: whether Redis took all of it.
    func acknowledge(_ transitions: [OutboxEntry.Transition], _ row: PartitionRow) async -> Bool {
        var commands: [[String]] = []
        var last: [BookingID: BookingStatus] = [:]
        for transition in transitions {
            last[transition.booking] = transition.image.status
            guard let channel = transition.channel else { continue }
            commands.append(["PUBLISH", channel, "\(transition.booking) \(transition.image.version) \(row.epoch)"])
        }
        for (booking, status) in last where !status.isHeld {
            let time = status == .confirmed ? Self.confirmedMilliseconds : Self.endedMilliseconds
            commands.append(["PEXPIRE", inventory.keys.booking(booking), time])
        }
        commands.append(["HSET", inventory.keys.meta(row.partition), "cursor", row.cursor.description])
        do {
            _ = try await inventory.pipeline(commands)
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
            let versions = try await bookings.versions(of: Array(Set(transitions.map(\.booking))))
            let reached = entries.count == Self.againLimit ? entries.last?.id : nil
            let isTold = await acknowledge(
                transitions.filter { $0.image.version <= versions[$0.booking] ?? 0 },
                PartitionRow(row, cursor: reached))
            return isTold ? .done(row) : .unsure
        } catch {
            note("\(error)")
            return .unsure
        }
    }
}
