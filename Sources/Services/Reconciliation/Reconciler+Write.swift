import BoxOffice
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// Poison: what PostgreSQL can never hold is put aside, and nothing but that.
extension Reconciler {
    private static let unreadable = "it cannot be read"

    /// Writes entries.
    ///
    /// - Returns: the transitions that are written down; `nil` when somebody else was faster.
    func write(_ entries: [Parsed], _ row: PartitionRow, _ cursor: StreamID) async throws -> [OutboxEntry.Transition]? {
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

    /// Finds the entries that PostgreSQL refuses: what is refused together is tried by halves, in order.
    private func writeHalves(
        _ entries: [Parsed], _ row: PartitionRow, _ cursor: StreamID, _ error: PostgresError
    ) async throws -> [OutboxEntry.Transition]? {
        guard entries.count > 1 else {
            guard case .entry(let entry)? = entries.first else { throw error }
            return try await writeApart(entry, row)
        }
        let half = entries.count / 2
        let middle = entries[half - 1].id
        guard let first = try await write(Array(entries[..<half]), row, middle),
            let second = try await write(Array(entries[half...]), PartitionRow(row, cursor: middle), cursor)
        else { return nil }
        return first + second
    }

    /// Finds the booking of an entry that PostgreSQL refuses; claims travel in groups of up to 64.
    ///
    /// The cursor moves last, together with the dead letters: whoever comes after a crash does it all again, and what is
    /// there already changes nothing.
    private func writeApart(_ entry: OutboxEntry, _ row: PartitionRow) async throws -> [OutboxEntry.Transition]? {
        var letters: [DeadLetter] = []
        var written: [OutboxEntry.Transition] = []
        func refuse(_ transitions: [OutboxEntry.Transition], _ reason: String) {
            letters.append(
                DeadLetter(
                    id: entry.id, entry: entry.text(of: transitions), reason: reason,
                    trace: transitions.count == 1 ? transitions[0].trace : nil))
        }
        switch try await attempt(Batch(terms: entry), row, row.cursor, []) {
        case .written: break
        case .fenced: return nil
        case .refused(let error): refuse([], error.description)
        }
        var judged: [OutboxEntry.Transition] = []
        var found: [Verdict] = []
        let known = try await verdicts.known(entry.transitions.map(\.booking))
        for transition in entry.transitions {
            // Its end is written down; what it was before that never was.
            if known.contains(transition.booking), transition.image.status.isLive {
                judged.append(transition)
                continue
            }
            switch try await attempt(Batch(transition), row, row.cursor, []) {
            case .written(let taken): if !taken.isEmpty { written.append(transition) }
            case .fenced: return nil
            case .refused(let error) where try await isVerdict(error, transition.image, letters):
                judged.append(transition)
                found.append(
                    Verdict(
                        booking: transition.booking, event: entry.event, version: transition.image.version,
                        entry: entry.id, rule: error.constraint ?? "", trace: transition.trace))
            case .refused(let error):
                refuse([transition], error.description)
                guard try await writePresent(transition, of: entry, row) else { return nil }
            }
        }
        guard try await commit(Batch(), row, entry.id, letters, found) != nil else { return nil }
        for verdict in found {
            onFailure("booking \(verdict.booking) has what others have: \(verdict.rule)", verdict.trace)
        }
        await tellOverruled(judged, row)
        return written
    }

    /// What Redis has of the booking now may be acceptable where the refused version is not; false when somebody else
    /// was faster.
    private func writePresent(
        _ transition: OutboxEntry.Transition, of entry: OutboxEntry, _ row: PartitionRow
    ) async throws -> Bool {
        // One of another epoch is of another history.
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
    /// - Returns: the bookings that are now as the batch says; `nil` when somebody else was faster.
    func commit(
        _ batch: Batch, _ row: PartitionRow, _ cursor: StreamID, _ letters: [DeadLetter], _ verdicts: [Verdict] = []
    ) async throws(PostgresError) -> Set<BookingID>? {
        let outcome = try await writer.write(
            batch, partition: row, cursor: cursor, deadLetters: letters, verdicts: verdicts)
        guard case .written(let taken) = outcome else { return nil }
        report.deadLetters += letters.count
        for letter in letters { onFailure("entry \(letter.id) was put aside: \(letter.reason)", letter.trace) }
        return taken
    }

    /// What became of a batch.
    enum Attempt {
        case written(Set<BookingID>)
        case fenced
        /// It can never be written.
        case refused(PostgresError)
    }

    /// The same, for a batch that may be refused.
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

extension Batch {
    init(_ booking: BookingID, _ image: Booking, claimed: [UInt8]? = nil) {
        self.init()
        add(booking, image, claimed: claimed)
    }

    fileprivate init(_ transition: OutboxEntry.Transition) {
        self.init()
        add(transition.booking, transition.image, claimed: transition.claimed, trace: transition.trace)
    }

    fileprivate init(terms entry: OutboxEntry) {
        self.init()
        addTerms(entry)
    }

    fileprivate mutating func add(_ entry: OutboxEntry) {
        for transition in entry.transitions {
            add(transition.booking, transition.image, claimed: transition.claimed, trace: transition.trace)
        }
        addTerms(entry)
    }

    private mutating func addTerms(_ entry: OutboxEntry) {
        for tier in entry.tiers {
            add(tier.tier, Tier(capacity: tier.capacity, blocked: tier.blocked, unitAmount: tier.unitAmount))
        }
        for block in entry.blocked { add(block, of: entry.event) }
        for block in entry.unblocked { remove(block) }
    }
}

extension PostgresError {
    /// Data that can never be written: data exceptions (22), violated constraints (23), what is too long for an index
    /// (54), a NUL character. Everything else is retried for ever.
    var isPoison: Bool { code == .misuse || ["22", "23", "54"].contains(sqlStateClass) }
}
