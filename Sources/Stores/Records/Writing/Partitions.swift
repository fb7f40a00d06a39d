package import BoxOffice
package import PostgresClient

/// A partition's row: how far its outbox is persisted, and its epoch.
package struct PartitionRow: Sendable {
    package let partition: Partition
    /// Raised by every recovery; writers with an older epoch are refused.
    package let epoch: Int64
    /// The epoch in which the newest persisted entry was created. A Redis with an older lineage has a state that
    /// PostgreSQL has already moved past.
    package let lineage: Int64
    /// The last persisted entry.
    package let cursor: StreamID
    /// The replica of the reconciler that persists it.
    package let owner: String?
}

/// What reads of Redis are compared with.
package struct PartitionStatus: Sendable {
    /// If Redis has another epoch, it shows an old state.
    package let epoch: Int64
    /// Whether the cursor may have passed changes that are not persisted: dead letters, or verdicts that were not
    /// overruled in Redis some time ago.
    package let hasRefused: Bool
}

/// How far a partition is persisted, with the exceptions.
package struct PartitionCursor: Sendable {
    package let epoch: Int64
    /// The last persisted outbox entry.
    package let cursor: StreamID
    /// Whether the cursor has passed a booking that PostgreSQL refused and whose end is not persisted yet.
    package let hasOverruled: Bool
    /// Whether the cursor has passed entries that are still dead letters.
    package let hasDeadLetters: Bool

    package init(epoch: Int64, cursor: StreamID, hasOverruled: Bool = false, hasDeadLetters: Bool = false) {
        self.epoch = epoch
        self.cursor = cursor
        self.hasOverruled = hasOverruled
        self.hasDeadLetters = hasDeadLetters
    }
}

/// The table `partitions`; one instance per loop.
package final class Partitions {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Creates the rows on first use; after that the number of partitions is fixed.
    ///
    /// - Returns: the number that this database was set up with. It must equal `count`.
    package func ensure(count: Int) async throws(PostgresError) -> Int {
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

    /// The number that this database was set up with; `nil` before that. The rows were created with it.
    private func fixedCount() async throws(PostgresError) -> Int? {
        let rows = try await pool.query("SELECT value FROM settings WHERE name = 'partitions'")
        return Int(try rows.first?.string("value") ?? "")
    }

    static let columns = "id, epoch, lineage, last_ms, last_seq, owner"

    package func row(_ partition: Partition) async throws(PostgresError) -> PartitionRow? {
        try await pool.query(
            "SELECT \(Self.columns) FROM partitions WHERE id = $1::integer", [.integer(Int64(partition.number))]
        ).first.map { (row) throws(PostgresError) in try PartitionRow(row) }
    }

    /// The standings of these partitions; those without a row are left out.
    package func standings(of partitions: [Partition]) async throws(PostgresError) -> [Partition: PartitionStatus] {
        var standings: [Partition: PartitionStatus] = [:]
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
            standings[Partition(UInt16(try row.integer("id")))] = PartitionStatus(
                epoch: try row.integer("epoch"), hasRefused: try row.bool("refuses"))
        }
        return standings
    }

    /// The cursors of these partitions; those without a row are left out.
    package func cursors(of partitions: [Partition]) async throws(PostgresError) -> [Partition: PartitionCursor] {
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

    /// The first step of a recovery: from here on, no replica with the old epoch can commit.
    ///
    /// - Parameters:
    ///   - row: the row as read; if two recoveries start from the same row, only one continues.
    ///   - floor: the new epoch exceeds this one too, because Redis may have a higher epoch than a PostgreSQL that fell
    ///     back.
    /// - Returns: the new row, or `nil` if the row has changed since it was read, or has another owner.
    package func raiseEpoch(_ row: PartitionRow, above floor: Int64 = 0) async throws(PostgresError) -> PartitionRow? {
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
    ///   - cursor: the last entry of the batch; `nil` keeps the row's.
    ///   - lineage: the epoch in which its entries were created; `nil` keeps the row's.
    package init(_ row: PartitionRow, cursor: StreamID? = nil, lineage: Int64? = nil) {
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
