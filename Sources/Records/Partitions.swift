public import Booking
public import PostgresClient

/// A partition's row: how far its outbox is written down, and under which epoch.
public struct PartitionRow: Sendable {
    /// The partition.
    public let partition: Partition
    /// Raised by every recovery; who writes under an older one is refused.
    public let epoch: Int64
    /// The epoch under which the newest entry that is written down was made. A Redis of an older lineage holds a past that
    /// PostgreSQL has moved on from.
    public let lineage: Int64
    /// The last entry that is written down.
    public let cursor: StreamID
    /// The copy of the reconciler that writes it down.
    public let owner: String?
}

/// What reads of Redis are compared with.
public struct PartitionStanding: Sendable {
    /// Of any other epoch Redis tells a past.
    public let epoch: Int64
    /// Whether the cursor may have passed something that is not written down: what was put aside, or refused and not
    /// long since told to Redis.
    public let hasRefused: Bool
}

/// How far a partition is persisted, and whether that is all there is to say.
public struct PartitionCursor: Sendable {
    /// Under which epoch.
    public let epoch: Int64
    /// The last outbox entry that is persisted.
    public let cursor: StreamID
    /// Whether the cursor has passed a booking that PostgreSQL refused, and whose end is not persisted yet.
    public let hasOverruled: Bool
    /// Whether the cursor has passed entries that are dead letters still.
    public let hasDeadLetters: Bool

    /// A cursor.
    public init(epoch: Int64, cursor: StreamID, hasOverruled: Bool = false, hasDeadLetters: Bool = false) {
        self.epoch = epoch
        self.cursor = cursor
        self.hasOverruled = hasOverruled
        self.hasDeadLetters = hasDeadLetters
    }
}

/// The rows of `partitions`; one per loop.
public final class Partitions {
    let pool: PostgresPool

    /// On a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Makes the rows the first time; later the number of partitions stays what it was.
    ///
    /// - Returns: the number this database was set up with. It must be `count`.
    public func ensure(count: Int) async throws(PostgresError) -> Int {
        if let fixed = try await fixedCount() { return fixed }
        _ = try await pool.pipeline([
            PostgresStatement(
                "INSERT INTO settings (name, value) VALUES ('partitions', $1::text) ON CONFLICT DO NOTHING",
                [.text(String(count))]),
            PostgresStatement(
                """
                INSERT INTO partitions (id) SELECT generate_series(0, $1::integer - 1)
                WHERE EXISTS (SELECT FROM settings WHERE name = 'partitions' AND value = $1::integer::text)
                ON CONFLICT DO NOTHING
                """, [.integer(Int64(count))]),
        ])
        guard let fixed = try await fixedCount() else { throw PostgresError.undecodable("settings.value") }
        return fixed
    }

    /// The number this database was set up with; `nil` before that. The rows were made with it.
    private func fixedCount() async throws(PostgresError) -> Int? {
        let rows = try await pool.query("SELECT value FROM settings WHERE name = 'partitions'")
        return Int(try rows.first?.string("value") ?? "")
    }

    static let columns = "id, epoch, lineage, last_ms, last_seq, owner"

    /// One partition's row.
    public func row(_ partition: Partition) async throws(PostgresError) -> PartitionRow? {
        try await pool.query(
            "SELECT \(Self.columns) FROM partitions WHERE id = $1::integer", [.integer(Int64(partition.number))]
        ).first.map { (row) throws(PostgresError) in try PartitionRow(row) }
    }

    /// What reads of Redis are compared with, for these partitions; those that have no row are left out.
    public func standings(of partitions: [Partition]) async throws(PostgresError) -> [Partition: PartitionStanding] {
        var standings: [Partition: PartitionStanding] = [:]
        let rows = try await pool.query(
            """
            SELECT id, epoch,
                EXISTS (SELECT FROM verdicts WHERE partition = partitions.id
                    AND (overruled_at IS NULL OR overruled_at > now() - interval '10 s'))
                OR EXISTS (SELECT FROM dead_letters WHERE partition = partitions.id AND replayed_at IS NULL) AS refuses
            FROM partitions WHERE id = ANY ($1::integer[])
            """,
            [.integerArray(partitions.map { Int64($0.number) })])
        for row in rows {
            standings[Partition(UInt16(try row.integer("id")))] = PartitionStanding(
                epoch: try row.integer("epoch"), hasRefused: try row.bool("refuses"))
        }
        return standings
    }

    /// How far these partitions are persisted; those that have no row are left out.
    public func cursors(of partitions: [Partition]) async throws(PostgresError) -> [Partition: PartitionCursor] {
        var cursors: [Partition: PartitionCursor] = [:]
        let rows = try await pool.query(
            """
            SELECT id, epoch, last_ms, last_seq,
                id IN (SELECT partition FROM verdicts
                    WHERE overruled_at IS NULL OR overruled_at > now() - interval '10 s') AS overruled,
                id IN (SELECT partition FROM dead_letters WHERE replayed_at IS NULL) AS dead
            FROM partitions WHERE id = ANY ($1::integer[])
            """, [.integerArray(partitions.map { Int64($0.number) })])
        for row in rows {
            cursors[Partition(UInt16(try row.integer("id")))] = PartitionCursor(
                epoch: try row.integer("epoch"),
                cursor: StreamID(milliseconds: try row.integer("last_ms"), sequence: try row.integer("last_seq")),
                hasOverruled: try row.bool("overruled"), hasDeadLetters: try row.bool("dead"))
        }
        return cursors
    }

    /// The first step of a recovery: from here no older copy can commit.
    ///
    /// - Parameters:
    ///   - row: as it was read; of two recoveries that begin from the same row one goes on.
    ///   - floor: the new epoch is above this one too: Redis may have seen a higher one than a PostgreSQL that fell back.
    /// - Returns: the row as it is now, or `nil` when it is not as it was read, or its owner is another.
    public func raiseEpoch(_ row: PartitionRow, above floor: Int64 = 0) async throws(PostgresError) -> PartitionRow? {
        try await pool.query(
            """
            UPDATE partitions SET epoch = greatest(epoch, $4::bigint) + 1
            WHERE id = $1::integer AND epoch = $2::bigint AND owner IS NOT DISTINCT FROM $3::text
            RETURNING \(Self.columns)
            """,
            [.integer(Int64(row.partition.number)), .integer(row.epoch), .optionalText(row.owner), .integer(floor)]
        ).first.map { (row) throws(PostgresError) in try PartitionRow(row) }
    }
}

extension PartitionRow {
    /// The row after a batch of it was committed, or as it is to be written.
    ///
    /// - Parameters:
    ///   - cursor: the last entry of the batch; the row's if `nil`.
    ///   - lineage: the epoch its entries were made under; the row's if `nil`.
    public init(_ row: PartitionRow, cursor: StreamID? = nil, lineage: Int64? = nil) {
        partition = row.partition
        epoch = row.epoch
        self.lineage = lineage ?? row.lineage
        self.cursor = cursor ?? row.cursor
        owner = row.owner
    }

    init(_ row: PostgresRow) throws(PostgresError) {
        partition = Partition(UInt16(try row.integer("id")))
        epoch = try row.integer("epoch")
        lineage = try row.integer("lineage")
        cursor = StreamID(milliseconds: try row.integer("last_ms"), sequence: try row.integer("last_seq"))
        owner = try row.optionalString("owner")
    }
}
