import BoxOffice
import Logging
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory

extension Reconciler {
    /// Recovers a partition: afterwards Redis holds what PostgreSQL has, whatever it had lost, and is open again.
    ///
    /// The surviving tail is persisted first; from then on PostgreSQL has everything that Redis has, and rebuilding
    /// from PostgreSQL alone is right. Killed anywhere it is done again under a higher epoch; a copy that stalls and
    /// wakes is refused at its next script or commit. The first start is a recovery of nothing; a partition in the first
    /// form of what Redis held is upgraded by its recovery.
    func recover(_ row: PartitionRow) async -> Progress {
        let partition = row.partition
        let start = monotonicNanoseconds()
        recoveries.begin(now: start)
        defer { endRecovery() }
        do {
            guard let identity = inventory.connection.identity else { return .unsure }
            let known = try await inventory.state(of: partition).epoch
            guard let raised = try await partitions.raiseEpoch(row, above: known),
                let found = try await inventory.close(partition, epoch: raised.epoch),
                try await isGapless(raised),
                let drained = try await takeTail(raised, lineage: found.lineage),
                try await salvage(drained, found), try await clearFirstForm(drained, found),
                try await reload(drained)
            else { return .unsure }
            // A Redis that restarted meanwhile may have lost what was just loaded, and still know this epoch. `open` is
            // given the identity that is compared here: it runs up to its sending without a pause.
            guard inventory.connection.identity == identity,
                try await inventory.open(partition, epoch: drained.epoch, cursor: drained.cursor) == .done
            else { return .unsure }
            report.recoveries += 1
            recoveries.done += 1
            // What `open` said of the outbox's beginning is not to be taken back.
            leased[partition]?.retention = Retention()
            sweepSoon()
            Log.debug("partition recovered") { line in
                line.add("partition", Int64(partition.number))
                line.add("epoch", drained.epoch)
                line.add("durationMs", nanoseconds: monotonicNanoseconds() - start)
            }
            return .done(drained)
        } catch {
            note("\(error)")
            return .unsure
        }
    }

    /// Logs one line for all the recoveries that came together, at its last: at every start each partition is recovered.
    private func endRecovery() {
        let more = waiting.contains(where: \.needsRecovery)
        guard let ended = recoveries.end(now: monotonicNanoseconds(), more: more) else { return }
        Log.info("partitions recovered") { line in
            line.add("count", Int64(ended.count))
            line.add("durationMs", nanoseconds: ended.nanoseconds)
        }
    }

    /// Whether the outbox still has all that PostgreSQL lacks. If it does not, PostgreSQL fell back by more than was
    /// retained: the partition stays closed, rather than be sold on from a past, until an operator has mended PostgreSQL.
    private func isGapless(_ row: PartitionRow) async throws -> Bool {
        let trimmed = try await inventory.command(["HGET", inventory.keys.meta(row.partition), Self.trimmedField])
        guard let trimmed = trimmed.string.flatMap({ StreamID($0) }), row.cursor < trimmed else { return true }
        note(
            "partition \(row.partition.number) is closed: PostgreSQL is at \(row.cursor), the outbox begins at \(trimmed)"
        )
        return false
    }

    /// Writes down what this Redis has beyond the cursor, or passes it over when PostgreSQL has moved on from it.
    private func takeTail(_ row: PartitionRow, lineage: Int64) async throws -> PartitionRow? {
        if lineage < row.lineage { return try await passTail(row) }
        // Killed half-way, the next recovery has to find that the rest descends from what is written down.
        var row = PartitionRow(row, lineage: lineage)
        while true {
            let reply = try await inventory.command(
                read(row, limit: limit(of: row)), in: row.partition, closedUnder: row.epoch)
            guard let entries = reply.map(Self.entries) else { return nil }
            guard !entries.isEmpty else { return row }
            guard case .done(let next) = await persist(row, await batch(of: row.partition, entries)) else { return nil }
            row = next
        }
    }

    /// Moves the cursor past a tail that never was. Nothing is deleted in Redis, where no fence would stop a copy that
    /// wakes late.
    private func passTail(_ row: PartitionRow) async throws -> PartitionRow? {
        let reply = try await inventory.command(
            ["XREVRANGE", inventory.keys.outbox(row.partition), "+", "-", "COUNT", "1"], in: row.partition,
            closedUnder: row.epoch)
        guard let reply else { return nil }
        guard let last = reply.array?.first?.array?.first?.string.flatMap({ StreamID($0) }), last > row.cursor else {
            return row
        }
        guard case .written = try await writer.write(Batch(), partition: row, cursor: last) else { return nil }
        return PartitionRow(row, cursor: last)
    }

    /// All that it has is persisted: what is remembered of requests gets this form's names before keys are loaded that it
    /// knows more of, and all else makes room.
    private func clearFirstForm(_ row: PartitionRow, _ found: ClosedPartition) async throws -> Bool {
        guard found.isFirstForm else { return true }
        return try await inventory.clearFirstForm(row.partition, closedUnder: row.epoch)
    }

    /// Puts events, users' totals and live holds back; false when a later recovery was here.
    private func reload(_ row: PartitionRow) async throws -> Bool {
        for event in try await catalogue.current(in: row.partition) {
            let start = monotonicNanoseconds()
            defer { tellLong(event, since: start) }
            let clock = try await bookings.clock(of: event.id)
            let policy = event.policy(clock: clock, seats: try await seats.state(of: event.id))
            guard try await inventory.load(policy, recovering: row.epoch) == .done,
                try await reloadBlocks(event.id, row.epoch), try await reloadUsers(event.id, row.epoch),
                try await reloadHolds(event.id, row), try await reloadKeys(event.id, row)
            else { return false }
        }
        return true
    }

    /// A big hall takes a while; whoever waits for the recovery sees that it goes on.
    private func tellLong(_ event: EventRecord, since start: Int64) {
        let duration = monotonicNanoseconds() - start
        guard duration > Self.longLoad else { return }
        Log.info("event loaded") { line in
            line.add("eventId", event.id.description)
            line.add("durationMs", nanoseconds: duration)
        }
    }

    private static let longLoad: Int64 = 100_000_000

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
        try await bookings.totals(of: event, limit: Inventory.loadLimit) { [inventory] users in
            try await inventory.loadUsers(users, event: event, epoch: epoch) == .done
        }
    }

    private func reloadHolds(_ event: EventID, _ row: PartitionRow) async throws -> Bool {
        var after: BookingID?
        while true {
            let holds = try await bookings.holds(of: event, after: after, limit: Inventory.loadLimit)
            guard !holds.isEmpty else { return true }
            let records = holds.map {
                (id: $0.id, record: BookingRecord(image: $0.image, epoch: row.epoch, claimed: $0.claimed))
            }
            guard try await inventory.loadHolds(records, event: event, epoch: row.epoch) == .done else { return false }
            after = holds.last?.id
        }
    }

    /// The keys of claims of the last 24 hours: whoever repeats a request gets the booking that it made.
    private func reloadKeys(_ event: EventID, _ row: PartitionRow) async throws -> Bool {
        var after: (createdAt: String, booking: BookingID)?
        while true {
            let page = try await bookings.claims(of: event, after: after, limit: Inventory.loadLimit)
            guard let last = page.last else { return true }
            let loaded = try await inventory.loadKeys(
                page.compactMap(\.claim), event: event, epoch: row.epoch)
            guard loaded == .done else { return false }
            after = (last.createdAt, last.booking)
        }
    }
}
