import Loops
package import PostgresClient

/// Reconciler replicas share the partitions: each regularly reports that it is alive, and takes over partitions without
/// a live owner.
///
/// A lease only avoids duplicate work. Safety with two owners comes from the fence with which every batch and every
/// recovery starts: epoch, cursor and owner must be those that its writer read.
extension Partitions {
    /// Renews a lease if nothing else is to be done: the replica has the partitions it expects, which are its fair
    /// share, every partition has a live owner, and no replica's lease has expired. A single statement, which suffices
    /// for most beats.
    ///
    /// - Parameters:
    ///   - owner: the replica's name.
    ///   - lease: how long a replica may be silent before it loses its partitions.
    ///   - known: the rows that the replica believes it has. It gains rows only in `beat`, and epochs only rise: so the
    ///     same number of rows with the same sum of epochs means the same rows.
    /// - Returns: whether all of that holds; otherwise call `beat`, whether or not the lease was renewed.
    package func keep(
        owner: String, lease: Duration, known: some Collection<PartitionRow>
    ) async throws(PostgresError) -> Bool {
        let rows = try await pool.query(
            Self.keep,
            [
                .text(owner), .integer(lease.milliseconds), .integer(Int64(known.count)),
                .integer(known.reduce(0) { $0 + $1.epoch }),
            ])
        return try rows.first?.bool("is_kept") ?? false
    }

    private static let keep = """
        WITH beaten AS (
            UPDATE reconcilers SET seen_at = clock_timestamp() WHERE id = $1::text RETURNING id
        ), copies AS (
            SELECT id, seen_at >= clock_timestamp() - $2::bigint * interval '1 millisecond' AS lives FROM reconcilers
        )
        SELECT EXISTS (SELECT FROM beaten)
            AND (SELECT coalesce(bool_and(lives), false) FROM copies)
            AND ceil(held.partitions::numeric / greatest(1, (SELECT count(*) FROM copies))) >= $3::bigint
            AND held.mine = $3::bigint AND held.epochs = $4::bigint AND held.living = held.partitions AS is_kept
        FROM (
            SELECT count(*) AS partitions, count(*) FILTER (WHERE owner = $1::text) AS mine,
                coalesce(sum(epoch) FILTER (WHERE owner = $1::text), 0) AS epochs,
                count(*) FILTER (WHERE owner IN (SELECT id FROM copies)) AS living
            FROM partitions
        ) AS held
        """

    /// Renews a lease and adjusts the replica's partitions to its fair share: takes partitions without a live owner, or
    /// releases surplus ones.
    ///
    /// One round trip and one transaction. Does not wait for batches: rows locked by a writer are left for the next
    /// beat.
    ///
    /// - Parameters:
    ///   - owner: the replica's name.
    ///   - lease: how long a replica may be silent before it loses its partitions.
    /// - Returns: the rows that the replica has now.
    package func beat(owner: String, lease: Duration) async throws(PostgresError) -> [PartitionRow] {
        let rows = try await pool.pipeline([
            // Serialises beats, so that each statement sees all earlier beats.
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

    /// Ends a replica's lease, so that other replicas need not wait until it expires.
    package func release(owner: String) async throws(PostgresError) {
        _ = try await pool.pipeline([
            PostgresStatement("UPDATE partitions SET owner = NULL WHERE owner = $1::text", [.text(owner)]),
            PostgresStatement("DELETE FROM reconcilers WHERE id = $1::text", [.text(owner)]),
        ])
    }

    /// How many partitions a replica should have, and how many this one has.
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
