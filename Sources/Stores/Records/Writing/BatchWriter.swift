package import BoxOffice
package import PostgresClient

/// Persists batches; one per loop.
package final class BatchWriter {
    private let pool: PostgresPool
    private var known = KnownBookings()

    package init(pool: PostgresPool) { self.pool = pool }

    package enum Outcome: Sendable {
        /// The batch is committed. These bookings now have the batch's image; of the others PostgreSQL had a later
        /// version.
        case written(Set<BookingID>)
        /// Another process moved the cursor, raised the epoch or took the partition over: nothing was written.
        case fenced
    }

    /// Persists one batch in one transaction that starts by moving the cursor.
    ///
    /// - Parameters:
    ///   - partition: the outbox's partition as it was read, but with the lineage of the batch.
    ///   - cursor: the batch's last entry.
    ///   - deadLetters: entries that cannot be persisted, to be stored as dead letters.
    ///   - verdicts: bookings that conflict with other bookings.
    ///   - replayed: the dead letter that the batch replays; if the batch changes anything, the epoch is raised.
    /// - Throws: `.server` if PostgreSQL refuses the batch; `.outcomeUnknown` if it may be committed: read the row.
    package func write(
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
        } catch
            where error.constraint == "bookings_pkey" || guess != nil && error.sqlState == NetChange.optimisticFailure
        {
            // Either a booking whose first version is in the batch exists already, because it was persisted out of
            // order; or a booking or the cursor differs from what this replica persisted.
            for booking in old { known.forget(booking) }
            return try await write(work, asking: Array(batch.bookings.keys))
        }
    }

    /// The arguments of `write`.
    private struct Work {
        let batch: Batch
        let partition: PartitionRow
        let cursor: StreamID
        let deadLetters: [DeadLetter]
        let verdicts: [Verdict]
        let replayed: Int64?
    }

    /// The rows that PostgreSQL should have of a batch's bookings, if this replica persisted all of them recently and
    /// the batch changes each; `nil` if PostgreSQL must be queried. A batch that repeats what this replica has already
    /// persisted suggests that PostgreSQL fell back.
    ///
    /// - Parameter old: bookings of which PostgreSQL may have a row.
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

    /// Writes in one round trip: the server refuses the whole batch if the guess or the cursor is wrong.
    private func write(
        _ work: Work, guessing guess: [BookingID: KnownBooking]
    ) async throws(PostgresError) -> Outcome {
        let change = NetChange(
            work.batch, known: guess, payments: Set(guess.values.compactMap(\.payment)), isGuess: true)
        return try await committing(work) { _ in
            (change, last: [fence(work, isGuess: true)] + change.statements(work.partition) + rest(of: work))
        }
    }

    /// - Parameter asked: bookings of which PostgreSQL may have a row; the others are inserted.
    private func write(_ work: Work, asking asked: [BookingID]) async throws(PostgresError) -> Outcome {
        try await committing(work) { connection in
            let rows = try await connection.pipeline(opening(of: work, asking: asked))
            return try ending(of: work, hasAsked: !asked.isEmpty, rows)
        }
    }

    /// Runs a transaction, and remembers what it persisted.
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

    /// The first statements of the transaction: the fence, then queries for the existing bookings and payments.
    private func opening(of work: Work, asking asked: [BookingID]) -> [PostgresStatement] {
        var statements = [fence(work, isGuess: false)]
        if !asked.isEmpty { statements += [oldBookings(asked), oldItems(asked)] }
        let answered = work.batch.answeredPayments
        if !answered.isEmpty { statements.append(oldPayments(answered)) }
        return statements
    }

    /// The last statements of the transaction, computed from the results of the first ones.
    ///
    /// - Returns: the changes, and the statements.
    /// - Throws: `Fenced` if another replica has the partition; `PostgresError` if a result cannot be decoded.
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
            // Redis may not have this change, so a recovery must load it, as after a loss.
            if !change.changed.isEmpty { rest.append(raise(work.partition)) }
        }
        return (change, last: change.statements(work.partition) + rest)
    }

    private func rest(of work: Work) -> [PostgresStatement] {
        work.deadLetters.map { $0.statement(work.partition.partition) } + work.verdicts.map { $0.statement() }
    }

    /// Thrown to roll the transaction back.
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

    /// Moves the cursor, and sets the transaction's settings. A replica that stalls inside the transaction keeps the
    /// partition's row locked for at most 2 s. Sequential scans are disabled because a batch names all its rows: on a
    /// small table the planner would read all rows, a third of a batch's time when measured. Generic plans are forced
    /// because a plan for particular arrays is no better and takes as long to make as to run.
    ///
    /// - Parameter isGuess: whether a wrong cursor fails the whole transaction, because no code checks the result.
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

    /// Raises the epoch; the next replica that reads the row recovers the partition.
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
