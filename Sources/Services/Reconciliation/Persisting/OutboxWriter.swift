import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// Writes outbox entries to PostgreSQL. Only poison, which PostgreSQL can never store, is dead-lettered.
final class OutboxWriter {
    private let inventory: Inventory
    private let writer: BatchWriter
    private let verdicts: VerdictStore
    private let judge: OverruleJudge
    private let report: ReconcilerReport

    private static let unreadable = "it cannot be read"

    init(
        inventory: Inventory, writer: BatchWriter, verdicts: VerdictStore, judge: OverruleJudge,
        report: ReconcilerReport
    ) {
        self.inventory = inventory
        self.writer = writer
        self.verdicts = verdicts
        self.judge = judge
        self.report = report
    }

    /// - Returns: the transitions that are persisted; `nil` if another replica was faster.
    func write(
        _ entries: [ParsedEntry], _ row: PartitionRow, _ cursor: StreamID
    ) async throws -> [OutboxEntry.Transition]? {
        var letters: [DeadLetter] = []
        var transitions: [OutboxEntry.Transition] = []
        transitions.reserveCapacity(entries.reduce(0) { $0 + $1.transitions.count })
        var batch = Batch(capacity: transitions.capacity)
        for entry in entries {
            switch entry {
            case .entry(let entry):
                batch.add(entry)
                transitions += entry.transitions
            case .unreadable(let id, let text):
                letters.append(DeadLetter(id: id, entry: text, reason: Self.unreadable))
            }
        }
        switch try await attempt(batch, row, cursor, letters) {
        case .written(let taken) where taken.count == batch.bookings.count: return transitions
        case .written(let taken): return transitions.filter { taken.contains($0.booking) }
        case .fenced: return nil
        case .refused(let error): return try await writeHalves(entries, row, cursor, error)
        }
    }

    /// Finds the entries that PostgreSQL refuses, by writing the halves of a refused batch in order.
    private func writeHalves(
        _ entries: [ParsedEntry], _ row: PartitionRow, _ cursor: StreamID, _ error: PostgresError
    ) async throws -> [OutboxEntry.Transition]? {
        guard entries.count > 1 else {
            guard case .entry(let entry)? = entries.first else { throw error }
            return try await writeSingly(entry, row)
        }
        let half = entries.count / 2
        let middle = entries[half - 1].id
        guard let first = try await write(Array(entries[..<half]), row, middle),
            let second = try await write(Array(entries[half...]), PartitionRow(row, cursor: middle), cursor)
        else { return nil }
        return first + second
    }

    /// Writes the bookings of a refused entry one by one: an entry may have a group of up to 64 claims.
    ///
    /// The cursor moves last, in one transaction with the dead letters: after a crash the next replica repeats the
    /// entry, and rows that exist already do not change.
    private func writeSingly(_ entry: OutboxEntry, _ row: PartitionRow) async throws -> [OutboxEntry.Transition]? {
        var result = SingleWrites(entry)
        switch try await attempt(Batch(terms: entry), row, row.cursor, []) {
        case .written: break
        case .fenced: return nil
        case .refused(let error): result.refuse([], error)
        }
        let known = try await verdicts.known(entry.transitions.map(\.booking))
        for transition in entry.transitions {
            // Of an overruled booking only its end is persisted, no live state.
            if known.contains(transition.booking), transition.image.status.isLive {
                result.overruled.append(transition)
                continue
            }
            guard try await write(transition, of: entry, row, &result) else { return nil }
        }
        guard try await commit(Batch(), row, entry.id, result.letters, result.verdicts) != nil else { return nil }
        for verdict in result.verdicts {
            report.onFailure("booking \(verdict.booking) conflicts with other bookings: \(verdict.rule)", verdict.trace)
        }
        await judge.notifyOverruled(result.overruled, row)
        return result.written
    }

    /// Writes one transition; false if another replica was faster.
    private func write(
        _ transition: OutboxEntry.Transition, of entry: OutboxEntry, _ row: PartitionRow, _ result: inout SingleWrites
    ) async throws -> Bool {
        switch try await attempt(Batch(transition), row, row.cursor, []) {
        case .written(let taken):
            if !taken.isEmpty { result.written.append(transition) }
            return true
        case .fenced: return false
        case .refused(let error) where try await judge.isVerdict(error, transition.image, result.letters):
            result.overrule(transition, error)
            return true
        case .refused(let error):
            result.refuse([transition], error)
            return try await writePresent(transition, of: entry, row)
        }
    }

    /// Writes the booking's current image in Redis: PostgreSQL may accept it although it refused this version.
    ///
    /// - Returns: false if another replica was faster.
    private func writePresent(
        _ transition: OutboxEntry.Transition, of entry: OutboxEntry, _ row: PartitionRow
    ) async throws -> Bool {
        // A record of another epoch belongs to another history.
        let present = try await inventory.survivors(
            [transition.booking], in: row.partition, epoch: entry.epoch)?.last?.record
        guard let present, present.image.version > transition.image.version else { return true }
        let attempted = try await attempt(
            Batch(transition.booking, present.image, claimed: present.claimed), row, row.cursor, [])
        if case .fenced = attempted { return false }
        return true
    }

    /// Writes a batch, the cursor and the dead letters in one transaction.
    ///
    /// - Returns: the bookings whose rows now equal the batch; `nil` if another replica was faster.
    func commit(
        _ batch: Batch, _ row: PartitionRow, _ cursor: StreamID, _ letters: [DeadLetter], _ verdicts: [Verdict] = []
    ) async throws(PostgresError) -> Set<BookingID>? {
        let outcome = try await writer.write(
            batch, partition: row, cursor: cursor, deadLetters: letters, verdicts: verdicts)
        guard case .written(let taken) = outcome else { return nil }
        report.counts.deadLetters += letters.count
        for letter in letters {
            report.onFailure("entry \(letter.id) was dead-lettered: \(letter.reason)", letter.trace)
        }
        return taken
    }

    /// Dead-letters a text that is not an outbox entry; false if another replica was faster.
    func deadLetter(_ text: String, _ error: PostgresError, _ row: PartitionRow) async throws(PostgresError) -> Bool {
        let letter = DeadLetter(id: row.cursor, entry: text, reason: error.description)
        return try await commit(Batch(), row, row.cursor, [letter]) != nil
    }

    /// The result of a batch that may be refused.
    enum Attempt {
        case written(Set<BookingID>)
        case fenced
        /// Can never be written.
        case refused(PostgresError)
    }

    /// Commits a batch that may be refused.
    func attempt(
        _ batch: Batch, _ row: PartitionRow, _ cursor: StreamID, _ letters: [DeadLetter]
    ) async throws(PostgresError) -> Attempt {
        do throws(PostgresError) {
            let taken = try await commit(batch, row, cursor, letters)
            guard let taken else { return .fenced }
            return .written(taken)
        } catch  where error.isPoison {
            return .refused(error)
        }
    }
}
