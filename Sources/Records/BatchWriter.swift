public import Booking
public import PostgresClient

/// Writes batches down; one per loop.
public final class BatchWriter {
    private let pool: PostgresPool
    private var known = KnownBookings()

    /// On a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    /// What became of a batch.
    public enum Outcome: Sendable {
        /// It is committed. Of the bookings in it these are now as it says; of the others PostgreSQL had a later version.
        case written(Set<BookingID>)
        /// Somebody else moved the cursor, raised the epoch or took the partition over: nothing was written.
        case fenced
    }

    /// Writes one batch in one transaction that begins by moving the cursor.
    ///
    /// - Parameters:
    ///   - partition: whose outbox it is, as it was read, but with the lineage of the batch.
    ///   - cursor: the batch's last entry.
    ///   - deadLetters: entries that cannot be written, to be kept.
    ///   - verdicts: bookings that others' bookings refuse.
    ///   - replayed: the dead letter that the batch is from; when it changes anything, the epoch is raised.
    /// - Throws: `.server` when PostgreSQL refuses the batch; `.outcomeUnknown` when it may be committed: read the row.
    public func write(
        _ batch: Batch, partition: PartitionRow, cursor: StreamID, deadLetters: [DeadLetter] = [],
        verdicts: [Verdict] = [], replayed: Int64? = nil
    ) async throws(PostgresError) -> Outcome {
        let work = Work(
            batch: batch, partition: partition, cursor: cursor, deadLetters: deadLetters, verdicts: verdicts,
            replayed: replayed)
        let old = batch.bookings.keys.filter { !batch.begun.contains($0) }
        let guess = guess(work, old)
        do throws(PostgresError) {
            guard let guess else { return try await write(work, asking: old) }
            return try await write(work, guessing: guess)
        } catch  where error.constraint == "bookings_pkey" || guess != nil && error.sqlState == NetChange.wrongGuess {
            // One whose first version is in the batch is there all the same, for it was persisted before its turn; or a
            // booking, or the cursor, is not what it was when this copy persisted it.
            for booking in old { known.forget(booking) }
            return try await write(work, asking: Array(batch.bookings.keys))
        }
    }

    /// What `write` is given.
    private struct Work {
        let batch: Batch
        let partition: PartitionRow
        let cursor: StreamID
        let deadLetters: [DeadLetter]
        let verdicts: [Verdict]
        let replayed: Int64?
    }

    /// What PostgreSQL has of a batch's bookings, when this copy has persisted all of it lately and the batch changes each;
    /// `nil` when PostgreSQL is to be asked. A batch that says what this copy has persisted already is of a PostgreSQL that
    /// may have fallen back.
    ///
    /// - Parameter old: those of which PostgreSQL may have a row.
    private func guess(_ work: Work, _ old: [BookingID]) -> [BookingID: KnownBooking]? {
        guard work.replayed == nil else { return nil }
        var guess: [BookingID: KnownBooking] = [:]
        guess.reserveCapacity(old.count)
        for booking in old {
            guard let row = known[booking], work.batch.bookings[booking]?.replaces(row) == true else { return nil }
            guess[booking] = row
        }
        return guess
    }

    /// In one round trip: the server refuses the whole of it when the guess, or the cursor, is wrong.
    private func write(
        _ work: Work, guessing guess: [BookingID: KnownBooking]
    ) async throws(PostgresError) -> Outcome {
        let change = NetChange(
            work.batch, known: guess, payments: Set(guess.values.compactMap(\.payment)), isGuess: true)
        return try await committing(work) { _ in
            (change, last: [fence(work, isGuess: true)] + change.statements(work.partition) + rest(of: work))
        }
    }

    /// - Parameter asked: bookings that PostgreSQL may have a row of; the others are inserted.
    private func write(_ work: Work, asking asked: [BookingID]) async throws(PostgresError) -> Outcome {
        try await committing(work) { connection in
            let rows = try await connection.pipeline(opening(of: work, asking: asked))
            return try ending(of: work, hasAsked: !asked.isEmpty, rows)
        }
    }

    /// Runs a transaction, and remembers what it has persisted.
    private func committing(
        _ work: Work,
        _ body: nonisolated(nonsending) (PostgresConnection) async throws -> (NetChange, last: [PostgresStatement])
    ) async throws(PostgresError) -> Outcome {
        do {
            let change = try await pool.committing(body)
            for booking in change.changed { known.note(booking.id, booking.image) }
            return .written(Set(change.changed.lazy.map(\.id)))
        } catch is Fenced {
            return .fenced
        } catch let error as PostgresError {
            throw error
        } catch {
            preconditionFailure("only Fenced and PostgresError are thrown here")
        }
    }

    /// What the transaction begins with: the fence, then what there is of the bookings and payments asked for.
    private func opening(of work: Work, asking asked: [BookingID]) -> [PostgresStatement] {
        var statements = [fence(work, isGuess: false)]
        if !asked.isEmpty { statements += [oldBookings(asked), oldItems(asked)] }
        let answered = work.batch.answeredPayments
        if !answered.isEmpty { statements.append(oldPayments(answered)) }
        return statements
    }

    /// What the transaction ends with, by the answers to its opening.
    ///
    /// - Returns: what changes, and the statements.
    /// - Throws: `Fenced` when the partition is another copy's; `PostgresError` when an answer cannot be read.
    private func ending(
        of work: Work, hasAsked: Bool, _ rows: [PostgresRows]
    ) throws -> (NetChange, last: [PostgresStatement]) {
        guard rows[0].affectedRows == 1 else { throw Fenced() }
        let payments = work.batch.answeredPayments.isEmpty ? nil : rows.last
        let change = NetChange(
            work.batch, known: hasAsked ? try Self.known(rows[1], rows[2]) : [:],
            payments: try Set(payments?.map { (row) throws(PostgresError) in PaymentID(try row.uuid(0)) } ?? []))
        var rest = rest(of: work)
        if let replayed = work.replayed {
            rest.append(DeadLetter.replayed(replayed))
            // Redis may not know of it: it is told as all is after a loss.
            if !change.changed.isEmpty { rest.append(raise(work.partition)) }
        }
        return (change, last: change.statements(work.partition) + rest)
    }

    private func rest(of work: Work) -> [PostgresStatement] {
        work.deadLetters.map { $0.statement(work.partition.partition) } + work.verdicts.map { $0.statement() }
    }

    /// Rolls the transaction back.
    private struct Fenced: Error {}
}

extension BatchWriter {
    private static func known(
        _ versions: PostgresRows, _ items: PostgresRows
    ) throws(PostgresError) -> [BookingID: KnownBooking] {
        var known: [BookingID: KnownBooking] = [:]
        for row in versions {
            guard let status = BookingStatus(rawValue: try row.string(2)) else {
                throw PostgresError.undecodable("bookings.status")
            }
            known[BookingID(stored: try row.uuid(0))] = KnownBooking(
                made: BookingVersion(number: try row.integer(1), at: 0), status: status)
        }
        for row in items {
            let booking = BookingID(stored: try row.uuid(0))
            known[booking]?.lines.append((TierID(try row.uuid(1)), Int(try row.integer(2))))
            if try row.integer(3) > 0 { known[booking]?.hasSeats = true }
        }
        return known
    }

    /// Moves the cursor, and sets what holds for the transaction. A copy that stalls in the middle holds its partition's
    /// row, and everybody else up, no longer than the first. A batch names all its rows; of a table that is still small
    /// the planner would read all others too, a third of a batch's time when measured; and a plan for the very arrays that
    /// it is given is no better than the one that it has, and takes as long to make as to run.
    ///
    /// - Parameter isGuess: the whole transaction fails where the cursor is another, since nobody looks at the answer.
    private func fence(_ work: Work, isGuess: Bool) -> PostgresStatement {
        let (row, cursor) = (work.partition, work.cursor)
        return PostgresStatement(
            isGuess ? Self.fenceOrFail : Self.fence,
            [
                .integer(Int64(row.partition.number)), .integer(row.epoch), .integer(row.cursor.milliseconds),
                .integer(cursor.milliseconds), .integer(cursor.sequence), .integer(row.cursor.sequence),
                .optionalText(row.owner), .integer(row.lineage),
            ])
    }

    private static let moveCursor = """
        UPDATE partitions SET last_ms = $4::bigint, last_seq = $5::bigint, lineage = $8::bigint
        WHERE id = $1::integer AND epoch = $2::bigint AND last_ms = $3::bigint AND last_seq = $6::bigint
            AND owner IS NOT DISTINCT FROM $7::text
        """
    private static let settings = """
        set_config('idle_in_transaction_session_timeout', '2s', true), set_config('enable_seqscan', 'off', true),
            set_config('plan_cache_mode', 'force_generic_plan', true)
        """
    private static let fence = "\(moveCursor) RETURNING \(settings)"
    private static let fenceOrFail = """
        WITH moved AS (\(moveCursor) RETURNING id)
        SELECT \(settings), \(NetChange.failUnless("count(*) = 1")) FROM moved
        """

    /// Whoever looks next recovers the partition.
    private func raise(_ row: PartitionRow) -> PostgresStatement {
        PostgresStatement(
            "UPDATE partitions SET epoch = epoch + 1 WHERE id = $1::integer",
            [.integer(Int64(row.partition.number))])
    }

    private func oldBookings(_ ids: [BookingID]) -> PostgresStatement {
        PostgresStatement(
            "SELECT id, version, status FROM bookings WHERE id = ANY ($1::uuid[])", [.uuids(ids.lazy.map(\.uuid))])
    }

    private func oldPayments(_ ids: [PaymentID]) -> PostgresStatement {
        PostgresStatement("SELECT id FROM payments WHERE id = ANY ($1::uuid[])", [.uuids(ids.lazy.map(\.uuid))])
    }

    private func oldItems(_ ids: [BookingID]) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT booking_id, tier_id, quantity, cardinality(seats) AS seats FROM booking_items
            WHERE booking_id = ANY ($1::uuid[])
            """, [.uuids(ids.lazy.map(\.uuid))])
    }
}
