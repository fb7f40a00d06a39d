import PostgresClient

/// Accounts in PostgreSQL; one per loop.
final class UserStore {
    private let pool: PostgresPool

    static let columns = """
        users.id, email, name, array_to_string(roles, ' ') AS roles, generation, disabled_at IS NOT NULL AS disabled,
        (extract(epoch FROM users.created_at) * 1000)::bigint AS created_ms
        """

    init(pool: PostgresPool) { self.pool = pool }

    /// An account to be written.
    struct New {
        let id: String
        let email: EmailAddress
        let name: String
        let passwordHash: String
        let roles: [String]

        var user: User { User(id: id, email: email.text, name: name, roles: roles) }

        /// Writes it, unless another has its address.
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

    /// Writes an account; false when another has its address.
    func insert(_ account: New) async throws(PostgresError) -> Bool {
        try await pool.query(account.insert).affectedRows == 1
    }

    /// The account of an address, and its password's hash. Of two from before addresses were normalised, each is found
    /// by its own spelling.
    func user(_ email: EmailAddress) async throws(PostgresError) -> (user: User, passwordHash: String)? {
        let rows = try await pool.query(
            """
            SELECT \(Self.columns), password_hash FROM users WHERE email_normalised IN ($1::text, $2::text)
            ORDER BY email_normalised = $2::text DESC LIMIT 1
            """, [.text(email.normalised), .text(email.typed)])
        guard let row = rows.first else { return nil }
        return (try User(row), try row.string("password_hash"))
    }

    /// The account of an id.
    ///
    /// - Parameter id: a UUID.
    func user(id: String) async throws(PostgresError) -> User? {
        guard let row = try await pool.query("SELECT \(Self.columns) FROM users WHERE id = $1::uuid", [.uuid(id)]).first
        else { return nil }
        return try User(row)
    }

    /// The account of an id, and its password's hash.
    ///
    /// - Parameter id: a UUID.
    func account(id: String) async throws(PostgresError) -> (user: User, passwordHash: String)? {
        let rows = try await pool.query(
            "SELECT \(Self.columns), password_hash FROM users WHERE id = $1::uuid", [.uuid(id)])
        guard let row = rows.first else { return nil }
        return (try User(row), try row.string("password_hash"))
    }

    /// Puts a better hash of the same password in the place of an old one, if that is still there.
    func replaceHash(of user: User, _ old: String, by new: String) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE users SET password_hash = $3::text, updated_at = now() WHERE id = $1::uuid AND password_hash = $2::text",
            [.uuid(user.id), .text(old), .text(new)])
    }
}

extension User {
    /// Reads the columns that tell of a user.
    init(_ row: PostgresRow) throws(PostgresError) {
        self.init(
            id: try row.string("id"), email: try row.string("email"), name: try row.string("name"),
            roles: try row.string("roles").split(separator: " ").map(String.init),
            generation: try row.integer("generation"), isDisabled: try row.bool("disabled"),
            createdAt: try row.integer("created_ms"))
    }
}
