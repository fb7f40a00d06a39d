import PostgresClient

/// Refresh tokens in PostgreSQL. One instance per loop.
final class RefreshStore {
    private let pool: PostgresPool
    private let lifetime: Int64

    /// - Parameter lifetime: of a token, in seconds.
    init(pool: PostgresPool, lifetime: Int64) {
        self.pool = pool
        self.lifetime = lifetime
    }

    /// Statements that begin a family for a user, which earlier statements of the same pipeline may have inserted. They
    /// also delete up to ten expired families: each login begins one, so no separate clean-up is needed.
    ///
    /// The account must not have changed since its password was checked: it must not be disabled and must have the same
    /// generation. A transaction that changes the account concurrently waits for the lock, then ends this family too.
    func begin(_ token: RefreshToken, family: String, user: String, generation: Int64) -> [PostgresStatement] {
        [
            PostgresStatement(
                """
                INSERT INTO refresh_families (id, user_id, expires_at)
                SELECT $1::uuid, id, now() + make_interval(secs => $3::bigint) FROM users
                WHERE id = $2::uuid AND generation = $4::bigint AND disabled_at IS NULL FOR SHARE
                """, [.uuid(family), .uuid(user), .integer(lifetime), .integer(generation)]),
            PostgresStatement(
                """
                INSERT INTO refresh_tokens (hash, family_id, expires_at)
                SELECT $2::bytea, id, expires_at FROM refresh_families WHERE id = $1::uuid
                """, [.uuid(family), .bytes(token.hash)]),
            PostgresStatement(
                """
                DELETE FROM refresh_families WHERE id IN (
                    SELECT id FROM refresh_families WHERE expires_at < now() ORDER BY expires_at
                    LIMIT 10 FOR UPDATE SKIP LOCKED)
                """),
        ]
    }

    /// Exchanges a token for its successor, once.
    ///
    /// Parallel requests lock the row in a separate statement before they read: a statement that waits for a lock sees
    /// the new version of the locked row, but the old snapshot of everything else, and so would not see the successor.
    ///
    /// - Returns: the verdict, and the token's user and family.
    func exchange(
        _ token: RefreshToken, for successor: RefreshToken
    ) async throws -> (RefreshVerdict, User?, family: String) {
        try await pool.transaction { connection in
            _ = try await connection.query(Self.lock, [.bytes(token.hash)])
            let rows = try await connection.query(Self.find, [.bytes(token.hash), .bytes(successor.hash)])
            guard let row = rows.first else { return (.refused, nil, "") }
            let user = try User(row)
            let verdict = RefreshVerdict.of(
                isExpired: try row.bool("expired"), isRevoked: try row.bool("revoked") || user.isDisabled,
                usedMilliseconds: try row.optionalInteger("used_ms"), hasSuccessor: try row.bool("has_successor"))
            switch verdict {
            case .exchange:
                _ = try await connection.query(
                    Self.spend, [.bytes(token.hash), .bytes(successor.hash), .integer(self.lifetime)])
            case .reused:
                _ = try await connection.query(Self.revoke(token))
            case .again, .refused:
                break
            }
            return (verdict, user, try row.string("family_id"))
        }
    }

    /// Revokes the family of a token, if the token is known.
    ///
    /// - Returns: the new revocations.
    func revoke(_ token: RefreshToken) async throws(PostgresError) -> [Revocation] {
        let rows = try await pool.pipeline([Self.revoke(token), RevocationStore.forget])
        return try Revocation.list(rows[0])
    }

    private static func revoke(_ token: RefreshToken) -> PostgresStatement {
        RevocationStore.endSessions(
            where: "id = (SELECT family_id FROM refresh_tokens WHERE hash = $1::bytea)", [.bytes(token.hash)])
    }

    /// The active sessions of a user, most recently used first.
    func sessions(of user: String) async throws(PostgresError) -> [SessionRecord] {
        try await pool.query(
            """
            SELECT id, (extract(epoch FROM created_at) * 1000)::bigint AS created_ms,
                (extract(epoch FROM last_used_at) * 1000)::bigint AS used_ms
            FROM refresh_families WHERE user_id = $1::uuid AND revoked_at IS NULL AND expires_at > now()
            ORDER BY last_used_at DESC, id LIMIT 1000
            """, [.uuid(user)]
        ).map { (row) throws(PostgresError) in
            SessionRecord(
                id: try row.string("id"), createdAt: try row.integer("created_ms"),
                lastUsedAt: try row.integer("used_ms"))
        }
    }

    private static let lock = "SELECT FROM refresh_tokens WHERE hash = $1::bytea FOR UPDATE"

    private static let find = """
        SELECT t.expires_at <= clock_timestamp() AS expired, f.revoked_at IS NOT NULL AS revoked,
            (extract(epoch FROM clock_timestamp() - t.used_at) * 1000)::bigint AS used_ms,
            EXISTS (SELECT FROM refresh_tokens WHERE hash = $2::bytea) AS has_successor,
            t.family_id, \(UserStore.columns)
        FROM refresh_tokens AS t
        JOIN refresh_families AS f ON f.id = t.family_id
        JOIN users ON users.id = f.user_id
        WHERE t.hash = $1::bytea
        """

    private static let spend = """
        WITH spent AS (
            UPDATE refresh_tokens SET used_at = clock_timestamp() WHERE hash = $1::bytea RETURNING family_id
        ), kept AS (
            UPDATE refresh_families SET expires_at = now() + make_interval(secs => $3::bigint), last_used_at = now()
            FROM spent WHERE id = spent.family_id
        )
        INSERT INTO refresh_tokens (hash, family_id, expires_at)
        SELECT $2::bytea, family_id, now() + make_interval(secs => $3::bigint) FROM spent
        """
}
