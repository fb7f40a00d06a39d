import EventLoop
public import PostgresClient

/// Copies of the reconciler share the partitions: each says again and again that it is alive, and takes over what has
/// no living owner.
///
/// A lease spares two copies the same work. That two owners do no harm is the doing of the fence, which every batch and
/// every recovery begins with: epoch, cursor and owner must be what its writer read.
extension Partitions {
    /// Says that a copy is alive, and brings what it has to its fair share: it takes partitions without a living owner,
    /// or gives back what is more.
    ///
    /// One round trip and one transaction. It waits for no batch: rows that are being written are left for the next beat.
    ///
    /// - Parameters:
    ///   - owner: names the copy.
    ///   - lease: a copy that was not heard of for so long has lost its partitions.
    /// - Returns: the rows it has now.
    public func beat(owner: String, lease: Duration) async throws(PostgresError) -> [PartitionRow] {
        let rows = try await pool.pipeline([
            // Beats one after another: each statement sees all that those before did.
            PostgresStatement("SELECT pg_advisory_xact_lock(hashtext('usher'), hashtext('reconcilers'))"),
            PostgresStatement(
                """
                INSERT INTO reconcilers (id, seen_at) VALUES ($1::text, clock_timestamp())
                ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
                """, [.text(owner)]),
            PostgresStatement(
                "DELETE FROM reconcilers WHERE seen_at < clock_timestamp() - $1::bigint * interval '1 millisecond'",
                [.integer(lease.milliseconds)]),
            PostgresStatement(Self.take, [.text(owner)]),
            PostgresStatement(Self.giveBack, [.text(owner)]),
            PostgresStatement(
                "SELECT \(Self.columns) FROM partitions WHERE owner = $1::text ORDER BY id", [.text(owner)]),
        ])
        guard let mine = rows.last else { return [] }
        return try mine.map { (row) throws(PostgresError) in try PartitionRow(row) }
    }

    /// Ends a copy's lease, so that another one need not wait for it to run out.
    public func release(owner: String) async throws(PostgresError) {
        _ = try await pool.pipeline([
            PostgresStatement("UPDATE partitions SET owner = NULL WHERE owner = $1::text", [.text(owner)]),
            PostgresStatement("DELETE FROM reconcilers WHERE id = $1::text", [.text(owner)]),
        ])
    }

    /// How many partitions a copy is to have, and how many this one has.
    private static let share = """
        SELECT ceil((SELECT count(*) FROM partitions)::numeric / greatest(1, (SELECT count(*) FROM reconcilers)))
            AS fair, (SELECT count(*) FROM partitions WHERE owner = $1::text) AS mine
        """

    private static let take = """
        UPDATE partitions SET owner = $1::text WHERE id IN (
            SELECT id FROM partitions
            WHERE owner IS NULL OR NOT EXISTS (SELECT FROM reconcilers WHERE reconcilers.id = partitions.owner)
            ORDER BY id LIMIT (SELECT greatest(0, fair - mine) FROM (\(share)) AS share)
            FOR UPDATE OF partitions SKIP LOCKED)
        """

    private static let giveBack = """
        UPDATE partitions SET owner = NULL WHERE id IN (
            SELECT id FROM partitions WHERE owner = $1::text
            ORDER BY id DESC LIMIT (SELECT greatest(0, mine - fair) FROM (\(share)) AS share)
            FOR UPDATE SKIP LOCKED)
        """
}
