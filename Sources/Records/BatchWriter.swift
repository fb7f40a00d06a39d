public import Booking
public import PostgresClient

/// What one batch of a partition's outbox amounts to: one final image a booking, one state a payment, one capacity a tier.
public struct Batch: Sendable {
    /// A payment as a booking's version had it.
    public struct Payment: Sendable {
        /// Its booking.
        public let booking: BookingID
        /// The booking's version that said so.
        public let version: Int64
        /// ISO 4217.
        public let currency: String
        /// When that version was made, Unix milliseconds.
        public let at: Int64
        /// The payment.
        public let payment: BookingPayment
        /// Trace context and id of the request that said so.
        public let trace: String?
    }
    /// What the catalogue's side of a tier became.
    public struct Tier: Sendable {
        /// Units in all.
        public let capacity: Int
        /// Units off sale.
        public let blocked: Int
        /// Minor units, for one.
        public let unitAmount: Int64

        /// A tier's terms.
        public init(capacity: Int, blocked: Int, unitAmount: Int64) {
            self.capacity = capacity
            self.blocked = blocked
            self.unitAmount = unitAmount
        }
    }

    /// Final images.
    public private(set) var bookings: [BookingID: BookingImage] = [:]
    /// What their claims were answered, of those of which it is known.
    public private(set) var claimed: [BookingID: [UInt8]] = [:]
    /// Those of them whose first version is in the batch: PostgreSQL cannot have them, but where a version was persisted
    /// before its turn.
    private(set) var begun: Set<BookingID> = []
    /// Final states.
    public private(set) var payments: [PaymentID: Payment] = [:]
    /// Final terms.
    public private(set) var tiers: [TierID: Tier] = [:]
    /// Blocks that were made, and of which event.
    public private(set) var blocked: [(event: EventID, block: Block)] = []
    /// Blocks that were taken away.
    public private(set) var unblocked: [BlockID] = []

    /// Nothing yet.
    public init() {}

    /// Whether there is nothing in it.
    public var isEmpty: Bool {
        bookings.isEmpty && payments.isEmpty && tiers.isEmpty && blocked.isEmpty && unblocked.isEmpty
    }

    /// Folds one transition in; later versions win.
    ///
    /// - Parameters:
    ///   - claimed: what the claim was answered, as the booking's record has it; `nil` when that is not known.
    ///   - trace: trace context and id of the request that caused it.
    public mutating func add(
        _ id: BookingID, _ image: BookingImage, claimed: [UInt8]? = nil, trace: String? = nil
    ) {
        if let known = bookings.updateValue(image, forKey: id), known.version >= image.version {
            bookings[id] = known
            return
        }
        if let claimed { self.claimed[id] = claimed }
        if image.version == 1 { begun.insert(id) }
        guard let payment = image.payment else { return }
        payments[payment.id] = Payment(
            booking: id, version: image.version, currency: image.currency, at: image.updatedAt, payment: payment,
            trace: trace ?? payments[payment.id]?.trace)
    }

    /// Payments that have an answer, so that PostgreSQL has them as a rule: their attempts were recorded before.
    var answeredPayments: [PaymentID] { payments.filter { $0.value.payment.status != .pending }.map(\.key) }

    /// Folds a tier's terms in; later ones win.
    public mutating func add(_ tier: TierID, _ terms: Tier) { tiers[tier] = terms }

    /// Adds a block that was made.
    public mutating func add(_ block: Block, of event: EventID) { blocked.append((event, block)) }

    /// Adds a block that was taken away.
    public mutating func remove(_ block: BlockID) { unblocked.append(block) }
}

/// Writes batches down; one per loop.
public final class BatchWriter {
    private let pool: PostgresPool

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
        do throws(PostgresError) {
            return try await write(work, asking: batch.bookings.keys.filter { !batch.begun.contains($0) })
        } catch  where error.constraint == "bookings_pkey" {
            // One whose first version is in the batch is there all the same: it was persisted before its turn.
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

    /// - Parameter asked: bookings that PostgreSQL may have a row of; the others are inserted.
    private func write(_ work: Work, asking asked: [BookingID]) async throws(PostgresError) -> Outcome {
        do {
            let taken = try await pool.committing { connection in
                let rows = try await connection.pipeline(opening(of: work, asking: asked))
                return try ending(of: work, hasAsked: !asked.isEmpty, rows)
            }
            return .written(taken)
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
        var statements = [fence(work.partition, work.cursor)]
        if !asked.isEmpty { statements += [oldBookings(asked), oldItems(asked)] }
        let answered = work.batch.answeredPayments
        if !answered.isEmpty { statements.append(oldPayments(answered)) }
        return statements
    }

    /// What the transaction ends with, by the answers to its opening.
    ///
    /// - Returns: the bookings that change, and the statements.
    /// - Throws: `Fenced` when the partition is another copy's; `PostgresError` when an answer cannot be read.
    private func ending(
        of work: Work, hasAsked: Bool, _ rows: [PostgresRows]
    ) throws -> (Set<BookingID>, last: [PostgresStatement]) {
        guard rows[0].affectedRows == 1 else { throw Fenced() }
        let change = try NetChange(
            work.batch, versions: hasAsked ? rows[1] : nil, items: hasAsked ? rows[2] : nil,
            payments: work.batch.answeredPayments.isEmpty ? nil : rows.last)
        var rest = work.deadLetters.map { $0.statement(work.partition.partition) }
        rest += work.verdicts.map { $0.statement() }
        if let replayed = work.replayed {
            rest.append(DeadLetter.replayed(replayed))
            // Redis may not know of it: it is told as all is after a loss.
            if !change.changed.isEmpty { rest.append(raise(work.partition)) }
        }
        return (Set(change.changed.map(\.id)), last: change.statements(work.partition) + rest)
    }

    /// Rolls the transaction back.
    private struct Fenced: Error {}

    /// Moves the cursor, and sets what holds for the transaction. A copy that stalls in the middle holds its partition's
    /// row, and everybody else up, no longer than the first. A batch names all its rows; of a table that is still small
    /// the planner would read all others too, a third of a batch's time when measured.
    private func fence(_ row: PartitionRow, _ cursor: StreamID) -> PostgresStatement {
        PostgresStatement(
            """
            UPDATE partitions SET last_ms = $4::bigint, last_seq = $5::bigint, lineage = $8::bigint
            WHERE id = $1::integer AND epoch = $2::bigint AND last_ms = $3::bigint AND last_seq = $6::bigint
                AND owner IS NOT DISTINCT FROM $7::text
            RETURNING set_config('idle_in_transaction_session_timeout', '2s', true),
                set_config('enable_seqscan', 'off', true)
            """,
            [
                .integer(Int64(row.partition.number)), .integer(row.epoch), .integer(row.cursor.milliseconds),
                .integer(cursor.milliseconds), .integer(cursor.sequence), .integer(row.cursor.sequence),
                .optionalText(row.owner), .integer(row.lineage),
            ])
    }

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

/// An entry that could not be written down.
public struct DeadLetter: Sendable {
    /// Its place in the outbox.
    public let id: StreamID
    /// What it says.
    public let entry: String
    /// Why it was not written.
    public let reason: String
    /// Trace context and id of the request that caused it, when it is of one alone. Not kept.
    public let trace: String?

    /// A dead letter.
    public init(id: StreamID, entry: String, reason: String, trace: String? = nil) {
        self.id = id
        self.entry = entry
        self.reason = reason
        self.trace = trace
    }

    static func replayed(_ id: Int64) -> PostgresStatement {
        PostgresStatement("UPDATE dead_letters SET replayed_at = now() WHERE id = $1::bigint", [.integer(id)])
    }

    func statement(_ partition: Partition) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO dead_letters (partition, stream_ms, stream_seq, entry, reason)
            VALUES ($1::integer, $2::bigint, $3::bigint, $4::text, $5::text)
            """,
            [
                .integer(Int64(partition.number)), .integer(id.milliseconds), .integer(id.sequence),
                .text(entry.replacing("\0", with: "\u{fffd}")), .text(reason),
            ])
    }
}
