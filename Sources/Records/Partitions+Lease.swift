import EventLoop
public import PostgresClient

/// Copies of the reconciler share the partitions: each says again and again that it is alive, and takes over what has
/// no living owner.
///
/// A lease spares two copies the same work. That two owners do no harm is the doing of the fence, which every batch and
/// every recovery begins with: epoch, cursor and owner must be what its writer read.
extension Partitions {
    /// Says that a copy is alive, where nothing else is to be done: it has what it knows of, which is its fair share,
    /// every partition has a living owner, and no copy's lease has run out. One statement, which is most beats.
    ///
    /// - Parameters:
    ///   - owner: names the copy.
    ///   - lease: a copy that was not heard of for so long has lost its partitions.
    ///   - known: the rows that it knows it has. It gains none but by `beat`, and epochs only rise: as many rows of the same
    ///     epochs are the same.
    /// - Returns: whether all of that is so; otherwise `beat` has to be called, whether or not this was taken note of.
    public func keep(
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
