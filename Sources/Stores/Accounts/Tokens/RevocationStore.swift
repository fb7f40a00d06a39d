import BoxOffice
import PostgresClient

/// Revocations in PostgreSQL. One instance per loop.
final class RevocationStore {
    private let pool: PostgresPool

    init(pool: PostgresPool) { self.pool = pool }

    /// Revocations made since a time. A revocation becomes visible at commit, a little after its time.
    ///
    /// - Parameter since: Unix milliseconds of PostgreSQL's clock; 0 for all stored revocations.
    /// - Returns: the revocations, and PostgreSQL's time.
    func list(since: Int64) async throws(PostgresError) -> (revocations: [Revocation], now: Int64) {
        let rows = try await pool.query(
            """
            SELECT r.id, r.generation, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms
            FROM (VALUES (1)) AS one LEFT JOIN revocations AS r ON r.made_at > to_timestamp($1::bigint / 1000.0)
            """, [.integer(since)])
        var revocations: [Revocation] = []
        for row in rows {
            guard let id = try row.optionalString("id").flatMap({ UUIDBytes($0) }) else { continue }
            revocations.append(Revocation(id: id, generation: try row.optionalInteger("generation")))
        }
        return (revocations, try rows.first?.integer("now_ms") ?? since)
    }

    /// Ends sessions of a user and revokes their access tokens; returns the revocations.
    ///
    /// - Parameter condition: a condition on `refresh_families`; `$1` is the first parameter.
    static func endSessions(where condition: String, _ parameters: [PostgresValue]) -> PostgresStatement {
        PostgresStatement(
            """
            WITH ended AS (
                UPDATE refresh_families SET revoked_at = now() WHERE revoked_at IS NULL AND \(condition) RETURNING id
            )
            INSERT INTO revocations (id) SELECT id FROM ended
            ON CONFLICT (id) DO UPDATE SET made_at = clock_timestamp() RETURNING id, generation
            """, parameters)
    }

    /// Revokes an account's access tokens of earlier generations.
    static func revoke(account: String, before generation: Int64) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO revocations (id, generation) VALUES ($1::uuid, $2::bigint)
            ON CONFLICT (id) DO UPDATE SET made_at = clock_timestamp(),
                generation = greatest(revocations.generation, excluded.generation)
            """, [.uuid(account), .integer(generation)])
    }

    /// Deletes up to ten revocations that no unexpired token needs. An access token of a session lives for at most a
    /// day. Tokens of `usher token` have any lifetime, so revocations of accounts are kept for a year.
    static let forget = PostgresStatement(
        """
        DELETE FROM revocations WHERE id IN (
            SELECT id FROM revocations
            WHERE made_at < now() - CASE WHEN generation IS NULL THEN interval '25 hours' ELSE interval '366 days' END
            ORDER BY made_at LIMIT 10 FOR UPDATE SKIP LOCKED)
        """)
}

extension Revocation {
    /// Parses the rows that `endSessions` returns.
    static func list(_ rows: PostgresRows) throws(PostgresError) -> [Revocation] {
        var found: [Revocation] = []
        for row in rows {
            guard let id = UUIDBytes(try row.string("id")) else { continue }
            found.append(Revocation(id: id, generation: try row.optionalInteger("generation")))
        }
        return found
    }
}
