package import BoxOffice
import PostgresClient

/// Operations of owners on their own accounts.
extension AccountService {
    /// Changes the password. Ends every session except the new one, and revokes all access tokens.
    ///
    /// - Parameters:
    ///   - new: a password that satisfies `PasswordRule`.
    ///   - address: the client's address.
    /// - Throws: `AccountError` `.noAccount`, `.invalidCredentials`, `.tooManyAttempts`, `.overloaded`;
    ///   `PostgresError`.
    package func changePassword(
        of principal: Principal, from current: String, to new: String, address: String
    ) async throws -> Session {
        let (user, oldHash) = try await confirmed(principal, current, address)
        let hash = try await hasher.hash(new, as: .login(from: address))
        let token = RefreshToken(random: random)
        let family = uuid()
        let changed = try await pool.transaction { [self] connection in
            let rows = try await connection.query(
                """
                UPDATE users SET password_hash = $3::text, generation = generation + 1, updated_at = now()
                WHERE id = $1::uuid AND password_hash = $2::text RETURNING \(UserStore.columns)
                """, [.uuid(user.id), .text(oldHash), .text(hash)])
            // Another request changed the password concurrently.
            guard let row = rows.first else { throw AccountError(.invalidCredentials) }
            let changed = try User(row)
            _ = try await connection.pipeline(
                [
                    RevocationStore.endSessions(where: "user_id = $1::uuid", [.uuid(user.id)]),
                    RevocationStore.revoke(account: user.id, before: changed.generation),
                ] + refreshTokens.begin(token, family: family, user: user.id, generation: changed.generation))
            return changed
        }
        refuse(changed.id, before: changed.generation)
        return session(changed, token, family)
    }

    /// The active sessions of a principal's account, and which of them is the current one.
    ///
    /// - Throws: `AccountError` `.noAccount`; `PostgresError`.
    package func sessions(of principal: Principal) async throws -> [(session: SessionRecord, isCurrent: Bool)] {
        let current = principal.grant.session?.description
        return try await refreshTokens.sessions(of: try account(of: principal)).map { ($0, $0.id == current) }
    }

    /// Ends a session of a principal's account. Does nothing if the session has already ended.
    ///
    /// - Returns: `false` if the account has no such session.
    /// - Throws: `AccountError` `.noAccount`; `PostgresError`.
    package func endSession(_ id: UUIDBytes, of principal: Principal) async throws -> Bool {
        let account = try account(of: principal)
        let rows = try await pool.pipeline([
            RevocationStore.endSessions(
                where: "id = $1::uuid AND user_id = $2::uuid", [.uuid(id.description), .uuid(account)]),
            PostgresStatement(
                "SELECT FROM refresh_families WHERE id = $1::uuid AND user_id = $2::uuid",
                [.uuid(id.description), .uuid(account)]),
            RevocationStore.forget,
        ])
        revocations.add(try Revocation.list(rows[0]))
        return rows[1].count == 1
    }

    /// Ends all sessions of a principal's account except the current one.
    ///
    /// - Throws: `AccountError` `.noAccount`; `PostgresError`.
    package func endOtherSessions(of principal: Principal) async throws {
        let account = try account(of: principal)
        let current = principal.grant.session?.description
        let rows = try await pool.pipeline([
            RevocationStore.endSessions(
                where: "user_id = $1::uuid AND id IS DISTINCT FROM $2::uuid", [.uuid(account), .optionalUUID(current)]),
            RevocationStore.forget,
        ])
        revocations.add(try Revocation.list(rows[0]))
    }

    /// Erases a principal's account: its address, name, password and sessions. Its bookings keep the account's id, a
    /// random UUID that no longer identifies a person.
    ///
    /// - Throws: `AccountError` `.noAccount`, `.invalidCredentials`, `.tooManyAttempts`, `.overloaded`,
    ///   `.lastAdministrator`; `PostgresError`.
    package func erase(_ principal: Principal, password: String, address: String) async throws {
        let (user, _) = try await confirmed(principal, password, address)
        try await pool.transaction { connection in
            try await UserAdministration.keepAdministrator(connection, without: user.id)
            _ = try await connection.pipeline([
                RevocationStore.revoke(account: user.id, before: .max),
                PostgresStatement("DELETE FROM users WHERE id = $1::uuid", [.uuid(user.id)]),
            ])
        }
        refuse(user.id, before: .max)
    }

    /// Loads a principal's account after checking its password. Attempts count towards the login limits.
    private func confirmed(
        _ principal: Principal, _ password: String, _ address: String
    ) async throws -> (user: User, passwordHash: String) {
        guard let found = try await users.account(id: try account(of: principal)),
            let email = EmailAddress(found.user.email)
        else { throw AccountError(.noAccount) }
        let attempt = try await logins.begin(account: email, address: address)
        let isRight: Bool
        do {
            isRight = try await hasher.matches(password, found.passwordHash, as: .login(from: address))
        } catch {
            logins.withdraw(attempt)
            throw error
        }
        guard isRight else { throw AccountError(.invalidCredentials) }
        logins.withdraw(attempt)
        return found
    }

    private func account(of principal: Principal) throws(AccountError) -> String {
        guard principal.source == .own, AccountID.isOne(principal.id.text) else { throw AccountError(.noAccount) }
        return principal.id.text
    }

    /// Revokes on this loop at once; other loops load the revocation within a second.
    private func refuse(_ account: String, before generation: Int64) {
        if let id = UUIDBytes(account) { revocations.add([Revocation(id: id, generation: generation)]) }
    }
}
