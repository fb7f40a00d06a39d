package import BoxOffice
import Cryptography
package import PostgresClient

/// Administration of accounts, for the API and for `usher user`. One instance per loop.
package final class UserAdministration {
    private let pool: PostgresPool
    private let revocations: Revocations

    /// - Parameter revocations: the revocations of this loop.
    package init(pool: PostgresPool, revocations: Revocations = Revocations()) {
        self.pool = pool
        self.revocations = revocations
    }

    /// A change of an account; `nil` leaves a value unchanged.
    package struct Change: Sendable {
        /// Whether login and refresh are blocked.
        package var isDisabled: Bool?
        /// `customer`, `admin`.
        package var roles: [String]?
        /// The hash of a new password.
        var passwordHash: String?
        /// Whether the change may leave no administrator.
        package var mayLeaveNone = false

        /// Creates an empty change.
        package init() {}
    }

    /// Accounts, newest first.
    ///
    /// - Parameters:
    ///   - email: restricts the list to the account with this address.
    ///   - before: the last account of the previous page.
    ///   - limit: the page size.
    package func list(email: EmailAddress?, before: UUIDBytes?, limit: Int) async throws(PostgresError) -> [User] {
        try await pool.query(
            """
            SELECT \(UserStore.columns) FROM users WHERE ($1::text IS NULL OR email_normalised = $1::text)
            AND ($2::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM users WHERE id = $2::uuid))
            ORDER BY created_at DESC, id DESC LIMIT $3::bigint
            """,
            [.optionalText(email?.normalised), .optionalUUID(before?.description), .integer(Int64(limit))]
        ).map { (row) throws(PostgresError) in try User(row) }
    }

    /// Changes an account. Removing a role, changing the password and disabling the account revoke its access tokens;
    /// the last two also end its sessions.
    ///
    /// - Parameter more: returns further statements of the same transaction, given the account before and after.
    /// - Returns: the account before and after.
    /// - Throws: `AccountError` `.unknown`, `.lastAdministrator`; `PostgresError`.
    package func change(
        _ id: UUIDBytes, _ change: Change, more: (User, User) -> [PostgresStatement] = { _, _ in [] }
    ) async throws -> (before: User, after: User) {
        let name = id.description
        let changed = try await pool.transaction { connection in
            let takes = change.isDisabled == true || change.roles.map { !$0.contains("admin") } == true
            if takes, !change.mayLeaveNone { try await Self.keepAdministrator(connection, without: name) }
            let found = try await connection.query(
                "SELECT \(UserStore.columns) FROM users WHERE id = $1::uuid FOR UPDATE", [.uuid(name)])
            guard let old = try found.first.map({ (row) throws(PostgresError) in try User(row) }) else {
                throw AccountError(.unknown)
            }
            let roles = change.roles ?? old.roles
            let isDisabled = change.isDisabled ?? old.isDisabled
            let endsSessions = isDisabled && !old.isDisabled || change.passwordHash != nil
            let endsTokens = endsSessions || !Set(old.roles).isSubset(of: roles)
            let rows = try await connection.query(
                """
                UPDATE users SET roles = $2::text[], generation = generation + $4::bigint, updated_at = now(),
                    disabled_at = CASE WHEN $3::boolean THEN coalesce(disabled_at, now()) END,
                    password_hash = coalesce($5::text, password_hash)
                WHERE id = $1::uuid RETURNING \(UserStore.columns)
                """,
                [
                    .uuid(name), .textArray(roles), .bool(isDisabled), .integer(endsTokens ? 1 : 0),
                    .optionalText(change.passwordHash),
                ])
            let new = try User(rows[0])
            var statements = more(old, new)
            if endsTokens { statements.append(RevocationStore.revoke(account: name, before: new.generation)) }
            if endsSessions {
                statements.append(RevocationStore.endSessions(where: "user_id = $1::uuid", [.uuid(name)]))
            }
            if !statements.isEmpty { _ = try await connection.pipeline(statements) }
            return (before: old, after: new)
        }
        if changed.after.generation > changed.before.generation {
            revocations.add([Revocation(id: id, generation: changed.after.generation)])
        }
        return changed
    }

    /// Creates an account, or changes the account with this address.
    ///
    /// - Parameters:
    ///   - password: a password that satisfies `PasswordRule`; `nil` leaves an existing account's password unchanged.
    ///   - more: returns further statements, given the account before, if it existed, and after.
    /// - Returns: the account before and after.
    /// - Throws: `AccountError` `.unknown` if there is neither an account nor a password; `PostgresError`.
    package func ensure(
        _ email: EmailAddress, name: String, password: String?, _ change: Change, hasher: PasswordHasher,
        more: (User?, User) -> [PostgresStatement]
    ) async throws -> (before: User?, after: User) {
        var change = change
        if let password { change.passwordHash = try await hasher.hash(password, as: .command) }
        if let known = try await list(email: email, before: nil, limit: 1).first, let id = UUIDBytes(known.id) {
            let (before, after) = try await self.change(id, change) { more($0, $1) }
            return (before, after)
        }
        guard let hash = change.passwordHash else { throw AccountError(.unknown) }
        let new = UserStore.New(
            id: AccountID.make(RandomSource()), email: email, name: name, passwordHash: hash,
            roles: change.roles ?? ["customer"])
        let rows = try await pool.pipeline([new.insert] + more(nil, new.user))
        guard rows[0].affectedRows == 1 else { throw AccountError(.emailTaken) }
        return (nil, new.user)
    }

    /// Locks all administrators, so that two of them cannot revoke each other's role concurrently, and throws if no
    /// other administrator would be left.
    static func keepAdministrator(_ connection: PostgresConnection, without id: String) async throws {
        let rows = try await connection.query(
            """
            SELECT id FROM users WHERE 'admin' = ANY (roles) AND disabled_at IS NULL ORDER BY id FOR UPDATE
            """)
        var others = 0
        var isOne = false
        for row in rows { if try row.string("id") == id { isOne = true } else { others += 1 } }
        if isOne, others == 0 { throw AccountError(.lastAdministrator) }
    }

    /// The number of enabled administrators.
    package func administrators() async throws(PostgresError) -> Int64 {
        try await pool.query(
            "SELECT count(*) AS count FROM users WHERE 'admin' = ANY (roles) AND disabled_at IS NULL"
        ).first?.integer("count") ?? 0
    }
}
