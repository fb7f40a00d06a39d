import Booking
import EventLoop
import Inventory
import PostgresClient
import Records
import RedisClient

/// One look at a partition: what its outbox has beyond the cursor, and whether Redis can be trusted.
struct Look {
    let row: PartitionRow
    let entries: [RedisValue]
    let needsRecovery: Bool
}

extension Reconciler {
    /// Entries in one transaction.
    private static let batchLimit = 1000
    /// How long entries stay in the outbox after they were written down, so that a PostgreSQL that falls back can be
    /// refilled.
    private static let retainedMilliseconds: Int64 = 3_600_000
    /// How long an ended booking stays in Redis after it was written down.
    private static let endedMilliseconds = "3600000"

    /// Looks at many partitions in one write: one pipelined XREAD and `meta` each.
    func look(_ rows: [PartitionRow]) async throws(InventoryError) -> [Look] {
        guard let identity = inventory.connection.identity else {
            throw InventoryError(.unavailable, "Redis is not connected")
        }
        var commands: [[String]] = []
        for row in rows {
            commands.append(["HMGET", inventory.keys.meta(row.partition), "epoch", "state", "identity"])
            commands.append([
                "XREAD", "COUNT", String(Self.batchLimit), "STREAMS", inventory.keys.outbox(row.partition),
                row.cursor.description,
            ])
        }
        let replies = try await inventory.pipeline(commands)
        return rows.enumerated().map { index, row in
            let meta = replies[2 * index].array ?? []
            let isTrusted =
                meta.count == 3 && meta[0].integer == row.epoch && meta[1].string == "open"
                && meta[2].string == identity.token
            let entries = replies[2 * index + 1].array?.first?.array?.last?.array ?? []
            return Look(row: row, entries: isTrusted ? entries : [], needsRecovery: !isTrusted && identity.isMaster)
        }
    }

    /// Writes a batch down, then acknowledges it; returns the row as it is now.
    func persist(_ row: PartitionRow, _ entries: [RedisValue]) async -> PartitionRow {
        let parsed = entries.compactMap { OutboxEntry.parse($0) }
        guard let cursor = parsed.last?.entryID else { return row }
        do throws(PostgresError) {
            let transitions = try await write(parsed, row, cursor)
            guard let transitions else { return await reread(row) }
            report.entries += parsed.count
            await acknowledge(transitions, row, cursor)
            return PartitionRow(row, cursor: cursor, lineage: row.epoch)
        } catch {
            note(error.description)
            return await reread(row)
        }
    }

    /// What is true now, when it is not sure what was committed.
    private func reread(_ row: PartitionRow) async -> PartitionRow {
        do {
            return try await partitions.row(row.partition) ?? row
        } catch {
            await loop.sleep(for: .milliseconds(50))
            return row
        }
    }

    /// Writes entries; `nil` when somebody else was faster.
    private func write(
        _ entries: [Result<OutboxEntry, OutboxEntry.Malformed>], _ row: PartitionRow, _ cursor: StreamID
    ) async throws(PostgresError) -> [OutboxEntry.Transition]? {
        var letters: [DeadLetter] = []
        var batch = Batch()
        var transitions: [OutboxEntry.Transition] = []
        for entry in entries {
            switch entry {
            case .success(let entry):
                batch.add(entry)
                transitions += entry.transitions
            case .failure(let malformed):
                letters.append(DeadLetter(id: malformed.id, entry: malformed.text, reason: "it cannot be read"))
            }
        }
        do throws(PostgresError) {
            let outcome = try await writer.write(batch, partition: row, cursor: cursor, deadLetters: letters)
            guard case .written = outcome else { return nil }
        } catch  where error.isPoison {
            return try await writeSingly(entries, row)
        }
        if !letters.isEmpty { putAside(letters) }
        return transitions
    }

    /// Finds the entry that PostgreSQL refuses: one transaction an entry, the refused one put aside.
    private func writeSingly(
        _ entries: [Result<OutboxEntry, OutboxEntry.Malformed>], _ row: PartitionRow
    ) async throws(PostgresError) -> [OutboxEntry.Transition]? {
        var row = row
        var written: [OutboxEntry.Transition] = []
        for entry in entries {
            switch entry {
            case .failure(let malformed):
                let letter = DeadLetter(id: malformed.id, entry: malformed.text, reason: "it cannot be read")
                guard try await putAside(letter, Batch(), row) else { return nil }
                row = PartitionRow(row, cursor: malformed.id, lineage: row.epoch)
            case .success(let entry):
                guard let done = try await writeOne(entry, row) else { return nil }
                written += done
                row = PartitionRow(row, cursor: entry.id, lineage: row.epoch)
            }
        }
        return written
    }

    private func writeOne(
        _ entry: OutboxEntry, _ row: PartitionRow
    ) async throws(PostgresError) -> [OutboxEntry.Transition]? {
        var batch = Batch()
        batch.add(entry)
        do throws(PostgresError) {
            let outcome = try await writer.write(batch, partition: row, cursor: entry.id)
            guard case .written = outcome else { return nil }
            return entry.transitions
        } catch  where error.isPoison {
            let letter = DeadLetter(
                id: entry.id, entry: entry.text, reason: error.description)
            // What Redis has of these bookings now may be acceptable where this entry is not.
            let present = await presentImages(of: entry)
            do throws(PostgresError) {
                return try await putAside(letter, present, row) ? [] : nil
            } catch  where error.isPoison {
                return try await putAside(letter, Batch(), row) ? [] : nil
            }
        }
    }

    private func presentImages(of entry: OutboxEntry) async -> Batch {
        var batch = Batch()
        for transition in entry.transitions {
            guard let known = try? await inventory.booking(transition.booking),
                known.image.version > transition.image.version
            else { continue }
            batch.add(transition.booking, known.image)
        }
        return batch
    }

    private func putAside(
        _ letter: DeadLetter, _ batch: Batch, _ row: PartitionRow
    ) async throws(PostgresError) -> Bool {
        let outcome = try await writer.write(batch, partition: row, cursor: letter.id, deadLetters: [letter])
        guard case .written = outcome else { return false }
        putAside([letter])
        return true
    }

    private func putAside(_ letters: [DeadLetter]) {
        report.deadLetters += letters.count
        for letter in letters { onFailure("entry \(letter.id) was put aside: \(letter.reason)") }
    }

    /// After the commit: tells who waits, moves the cursor that reads compare with, lets ended bookings go, and trims
    /// strictly below the cursor. Losing any of it loses nothing but time.
    private func acknowledge(
        _ transitions: [OutboxEntry.Transition], _ row: PartitionRow, _ cursor: StreamID
    ) async {
        var commands: [[String]] = [["HSET", inventory.keys.meta(row.partition), "cursor", cursor.description]]
        for transition in transitions {
            if let channel = transition.channel {
                commands.append(["PUBLISH", channel, "\(transition.booking) \(transition.image.version) \(row.epoch)"])
            }
            if !transition.image.status.isLive {
                let key = inventory.keys.booking(transition.booking)
                commands.append(["PEXPIRE", key, Self.endedMilliseconds])
            }
        }
        let horizon = StreamID(milliseconds: cursor.milliseconds - Self.retainedMilliseconds, sequence: 0)
        commands.append([
            "XTRIM", inventory.keys.outbox(row.partition), "MINID", "~", min(horizon, cursor).description,
        ])
        do {
            _ = try await inventory.pipeline(commands)
        } catch {
            note(error.description)
        }
    }
}

extension Result where Success == OutboxEntry, Failure == OutboxEntry.Malformed {
    fileprivate var entryID: StreamID {
        switch self {
        case .success(let entry): entry.id
        case .failure(let malformed): malformed.id
        }
    }
}

extension Batch {
    fileprivate mutating func add(_ entry: OutboxEntry) {
        for transition in entry.transitions { add(transition.booking, transition.image) }
        for tier in entry.tiers {
            add(tier.tier, Tier(capacity: tier.capacity, blocked: tier.blocked, unitAmount: tier.unitAmount))
        }
        for block in entry.blocked { add(block, of: entry.event) }
        for block in entry.unblocked { remove(block) }
    }
}

extension OutboxEntry {
    /// For the dead letter.
    var text: String {
        "event \(event) epoch \(epoch) seq \(sequence)\n"
            + transitions.map { "\($0.booking) \($0.image.text)" }.joined(separator: "\n")
    }
}

extension PostgresError {
    /// Data that can never be written: data exceptions and violated constraints. Everything else is retried for ever.
    var isPoison: Bool { sqlStateClass == "22" || sqlStateClass == "23" }
}
