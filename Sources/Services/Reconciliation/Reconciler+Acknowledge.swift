import BoxOffice
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// What Redis, and whoever waits, are told of a batch that is committed.
private struct Acknowledgement {
    let row: PartitionRow
    /// Up to where Redis was told before.
    let cursor: StreamID
    /// How many entries lie between that and the row's.
    let entries: Int
    /// Of each booking: where its clients wait, and for what.
    private(set) var tidings: [(channel: String, text: String)] = []
    /// Bookings that are held no more.
    let leaving: [Inventory.Leaving]

    /// How long an ended booking stays in Redis after it was persisted; it is loaded again when a caller acts on it.
    private static let endedMilliseconds: Int64 = 3_600_000
    /// An expired one: nobody acts on it any more but a late payment.
    private static let expiredMilliseconds: Int64 = 60_000
    /// A confirmed one: as long as its claim's key is kept.
    private static let confirmedMilliseconds: Int64 = 86_400_000

    private static func milliseconds(_ status: BookingStatus) -> Int64 {
        switch status {
        case .confirmed: confirmedMilliseconds
        case .expired: expiredMilliseconds
        default: endedMilliseconds
        }
    }

    init(_ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int) {
        self.row = row
        self.cursor = cursor
        self.entries = entries
        // Not whole images: a batch has thousands, and the next one waits until they are copied.
        var last: [BookingID: (status: BookingStatus, version: Int64)] = [:]
        last.reserveCapacity(transitions.count)
        for transition in transitions {
            last[transition.booking] = (transition.image.status, transition.image.version)
            guard let channel = transition.channel else { continue }
            let made = transition.image.made
            tidings.append((channel, "\(transition.booking) \(made.number) \(made.at) \(row.epoch)"))
        }
        leaving = last.compactMap { booking, end in
            guard !end.status.isHeld else { return nil }
            return Inventory.Leaving(
                booking: booking, version: end.version, milliseconds: Self.milliseconds(end.status))
        }
    }
}

/// After the commit: tells who waits, moves the cursor that reads compare with, and lets bookings go that are held no more.
/// Losing any of it loses nothing: the cursor in Redis is then behind, and it is done again.
extension Reconciler {
    /// Entries looked at in one call of `acknowledgeAgain`.
    private static let againLimit = 200

    /// Waits until Redis has taken it.
    ///
    /// - Parameters:
    ///   - cursor: up to where Redis was told before.
    ///   - entries: how many entries lie between that and the row's.
    /// - Returns: whether Redis took all of it.
    func acknowledge(
        _ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int
    ) async -> Bool {
        await acknowledge(Acknowledgement(transitions, row, from: cursor, entries: entries))
    }

    private func acknowledge(_ what: Acknowledgement) async -> Bool {
        publish(what.tidings)
        do {
            try await inventory.acknowledge(
                what.row.partition, epoch: what.row.epoch, from: what.cursor, to: what.row.cursor,
                entries: what.entries, leaving: what.leaving)
            return true
        } catch {
            note(error.description)
            return false
        }
    }

    /// Sends it before the next look, which is then answered after it, and waits only when it takes several calls.
    func acknowledgeSoon(
        _ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int
    ) async {
        let what = Acknowledgement(transitions, row, from: cursor, entries: entries)
        guard what.leaving.count <= Inventory.acknowledgeLimit else {
            if await !acknowledge(what) { leased[row.partition]?.isUntold = true }
            return
        }
        publish(what.tidings)
        unacknowledged += 1
        inventory.acknowledge(
            row.partition, epoch: row.epoch, from: cursor, to: row.cursor, entries: entries, leaving: what.leaving
        ) { [self] result in
            unacknowledged -= 1
            guard case .failure(let error) = result else { return }
            note(error.description)
            leased[row.partition]?.isUntold = true
        }
    }

    /// One message a channel, where that is understood.
    private func publish(_ tidings: [(channel: String, text: String)]) {
        var lines: [String: [String]] = [:]
        for (channel, text) in tidings {
            if Inventory.takesLines(channel) {
                lines[channel, default: []].append(text)
            } else {
                publish(channel, text)
            }
        }
        for (channel, lines) in lines { publish(channel, lines.joined(separator: "\n")) }
    }

    private func publish(_ channel: String, _ text: String) {
        inventory.connection.send(RedisCommand("PUBLISH", channel, text)) { [self] result in
            if case .failure(let error) = result { note(error.description) }
        }
    }

    /// Does what whoever wrote entries down did not live to do, or does not know: acknowledges what PostgreSQL has.
    ///
    /// - Parameter cursor: up to where Redis was told.
    func acknowledgeMissed(_ row: PartitionRow, from cursor: StreamID) async -> Progress {
        var told = cursor
        while told < row.cursor {
            guard let reached = await acknowledgeAgain(row, from: told) else { return .unsure }
            told = reached
        }
        return .done(row)
    }

    /// Acknowledges the next of them.
    ///
    /// - Returns: up to where Redis is told now; `nil` when it could not be.
    private func acknowledgeAgain(_ row: PartitionRow, from cursor: StreamID) async -> StreamID? {
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
            let reached = entries.count == Self.againLimit ? entries.last?.id ?? row.cursor : row.cursor
            let isTold = await acknowledge(
                transitions.filter { $0.image.made == rows[$0.booking] },
                PartitionRow(row, cursor: reached), from: cursor, entries: entries.count)
            return isTold ? reached : nil
        } catch {
            note("\(error)")
            return nil
        }
    }
}
