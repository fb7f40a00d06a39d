public import Booking
public import PostgresClient

/// A partition's row: how far its outbox is written down, and under which epoch.
public struct PartitionRow: Sendable {
    /// The partition.
    public let partition: Partition
    /// Raised by every recovery; who writes under an older one is refused.
    public let epoch: Int64
    /// The epoch of the newest entry that is written down.
    public let lineage: Int64
    /// The last entry that is written down.
    public let cursor: StreamID
}

/// The rows of `partitions`; one per loop.
public final class Partitions {
    private let pool: PostgresPool

    /// On a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Makes the rows the first time; later the number of partitions stays what it was.
    ///
    /// - Returns: the number this database was set up with. It must be `count`.
    public func ensure(count: Int) async throws(PostgresError) -> Int {
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
        let rows = try await pool.query("SELECT value FROM settings WHERE name = 'partitions'")
        guard let fixed = Int(try rows.first?.string("value") ?? "") else {
            throw PostgresError.undecodable("settings.value")
        }
        return fixed
    }

    private static let columns = "id, epoch, lineage, last_ms, last_seq"

    /// One partition's row.
    public func row(_ partition: Partition) async throws(PostgresError) -> PartitionRow? {
        try await pool.query(
            "SELECT \(Self.columns) FROM partitions WHERE id = $1::integer", [.integer(Int64(partition.number))]
        ).first.map { (row) throws(PostgresError) in try PartitionRow(row) }
    }

    /// The first step of a recovery: from here no older copy can commit.
    public func raiseEpoch(_ partition: Partition) async throws(PostgresError) -> PartitionRow? {
        try await pool.query(
            "UPDATE partitions SET epoch = epoch + 1 WHERE id = $1::integer RETURNING \(Self.columns)",
            [.integer(Int64(partition.number))]
        ).first.map { (row) throws(PostgresError) in try PartitionRow(row) }
    }

    /// Leases a fair share of the partitions: keeps those it has, takes free and lapsed ones up to its share, gives
    /// back what is more. For efficiency only.
    ///
    /// - Returns: the rows it has now.
    public func lease(owner: String, seconds: Int) async throws(PostgresError) -> [PartitionRow] {
        _ = try await pool.pipeline([
            PostgresStatement(
                """
                INSERT INTO reconcilers (id) VALUES ($1::text) ON CONFLICT (id) DO UPDATE SET seen_at = now()
                """, [.text(owner)]),
            PostgresStatement("DELETE FROM reconcilers WHERE seen_at < now() - interval '1 minute'"),
            PostgresStatement(
                """
                WITH share AS (
                    SELECT ceil((SELECT count(*) FROM partitions)::numeric / greatest(1, (SELECT count(*)
                        FROM reconcilers WHERE seen_at > now() - make_interval(secs => $2::integer))))::integer AS n
                ), mine AS (
                    SELECT id FROM partitions WHERE owner = $1::text ORDER BY id LIMIT (SELECT n FROM share)
                ), more AS (
                    SELECT id FROM partitions
                    WHERE (owner IS NULL OR lease_until < now()) AND owner IS DISTINCT FROM $1::text
                    ORDER BY id LIMIT greatest(0, (SELECT n FROM share) - (SELECT count(*) FROM mine))
                    FOR UPDATE SKIP LOCKED
                ), kept AS (
                    UPDATE partitions SET owner = $1::text, lease_until = now() + make_interval(secs => $2::integer)
                    WHERE id IN (SELECT id FROM mine UNION ALL SELECT id FROM more)
                )
                UPDATE partitions SET owner = NULL, lease_until = NULL
                WHERE owner = $1::text AND id NOT IN (SELECT id FROM mine)
                """, [.text(owner), .integer(Int64(seconds))]),
        ])
        return try await pool.query(
            "SELECT \(Self.columns) FROM partitions WHERE owner = $1::text ORDER BY id", [.text(owner)]
        ).map { (row) throws(PostgresError) in try PartitionRow(row) }
    }

    /// Gives every lease back, so that another copy need not wait.
    public func release(owner: String) async throws(PostgresError) {
        _ = try await pool.pipeline([
            PostgresStatement(
                "UPDATE partitions SET owner = NULL, lease_until = NULL WHERE owner = $1::text", [.text(owner)]),
            PostgresStatement("DELETE FROM reconcilers WHERE id = $1::text", [.text(owner)]),
        ])
    }
}

extension PartitionRow {
    /// The row after a batch of it was committed.
    public init(_ row: PartitionRow, cursor: StreamID, lineage: Int64) {
        partition = row.partition
        epoch = row.epoch
        self.lineage = lineage
        self.cursor = cursor
    }

    init(_ row: PostgresRow) throws(PostgresError) {
        partition = Partition(UInt16(try row.integer("id")))
        epoch = try row.integer("epoch")
        lineage = try row.integer("lineage")
        cursor = StreamID(milliseconds: try row.integer("last_ms"), sequence: try row.integer("last_seq"))
    }
}
