import PostgresClient

/// Accounts in PostgreSQL. One instance per loop.
final class UserStore {
    private let pool: PostgresPool

    static let columns = """
        users.id, email, name, array_to_string(roles, ' ') AS roles, generation, disabled_at IS NOT NULL AS disabled,
        (extract(epoch FROM users.created_at) * 1000)::bigint AS created_ms
        """

    init(pool: PostgresPool) { self.pool = pool }

    /// A new account.
    struct New {
        let id: String
        let email: EmailAddress
        let name: String
        let passwordHash: String
        let roles: [String]

        var user: User { User(id: id, email: email.text, name: name, roles: roles) }

        /// Inserts the account, unless another account has its address.
        var insert: PostgresStatement {
            PostgresStatement(
                """
                INSERT INTO users (id, email, email_normalised, name, password_hash, roles)
                VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text[])
                ON CONFLICT ON CONSTRAINT users_one_an_email DO NOTHING
                """,
                [
                    .uuid(id), .text(email.text), .text(email.normalised), .text(name), .text(passwordHash),
                    .textArray(roles),
                ])
        }
    }

    /// Inserts an account; `false` if another account has its address.
    func insert(_ account: New) async throws(PostgresError) -> Bool {
        try await pool.query(account.insert).affectedRows == 1
    }

    /// The account with an address, and its password hash. If two older accounts differ only in normalisation, the
    /// account with the typed spelling is returned.
    func user(_ email: EmailAddress) async throws(PostgresError) -> (user: User, passwordHash: String)? {
        let rows = try await pool.query(
            """
            SELECT \(Self.columns), password_hash FROM users WHERE email_normalised IN ($1::text, $2::text)
            ORDER BY email_normalised = $2::text DESC LIMIT 1
            """, [.text(email.normalised), .text(email.typed)])
        guard let row = rows.first else { return nil }
        return (try User(row), try row.string("password_hash"))
    }

    /// The account with an id.
    ///
    /// - Parameter id: a UUID.
    func user(id: String) async throws(PostgresError) -> User? {
        guard let row = try await pool.query("SELECT \(Self.columns) FROM users WHERE id = $1::uuid", [.uuid(id)]).first
        else { return nil }
        return try User(row)
    }

    /// The account with an id, and its password hash.
    ///
    /// - Parameter id: a UUID.
    func account(id: String) async throws(PostgresError) -> (user: User, passwordHash: String)? {
        let rows = try await pool.query(
            "SELECT \(Self.columns), password_hash FROM users WHERE id = $1::uuid", [.uuid(id)])
        guard let row = rows.first else { return nil }
        return (try User(row), try row.string("password_hash"))
    }

    /// Replaces an outdated hash of the same password, unless the hash has changed since.
    func replaceHash(of user: User, _ old: String, by new: String) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE users SET password_hash = $3::text, updated_at = now() WHERE id = $1::uuid AND password_hash = $2::text",
            [.uuid(user.id), .text(old), .text(new)])
    }
}

extension User {
    /// Parses `UserStore.columns`.
    init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            id: try row.string("id"), email: try row.string("email"), name: try row.string("name"),
            roles: try row.string("roles").split(separator: " ").map(String.init),
            generation: try row.integer("generation"), isDisabled: try row.bool("disabled"),
            createdAt: try row.integer("created_ms"))
    }
}
