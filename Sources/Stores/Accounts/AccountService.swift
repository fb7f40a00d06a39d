import BoxOffice
import Cryptography
package import PostgresClient
package import RedisClient

/// Registration, login, refresh and logout. One instance per loop.
package final class AccountService {
    let pool: PostgresPool
    let users: UserStore
    let refreshTokens: RefreshStore
    let hasher: PasswordHasher
    let logins: LoginLimit
    private let tokens: AccessTokens
    private let accessLifetime: Int64
    private let successorKey: [UInt8]
    let random = RandomSource()
    let revocations: Revocations
    private let clock: () -> Int64

    /// Call on the loop's thread only.
    ///
    /// - Parameters:
    ///   - secret: the secret of Usher's own tokens; keys for other purposes are derived from it.
    ///   - revocations: the revocations of this loop, so that tokens revoked here are refused here at once.
    ///   - clock: Unix seconds.
    package init(
        pool: PostgresPool, redis: RedisConnection, secret: [UInt8], configuration: AccountsConfiguration,
        revocations: Revocations = Revocations(), clock: @escaping () -> Int64
    ) {
        self.revocations = revocations
        self.pool = pool
        users = UserStore(pool: pool)
        refreshTokens = RefreshStore(pool: pool, lifetime: configuration.refreshLifetime)
        hasher = configuration.hasher
        logins = LoginLimit(
            connection: redis, limits: configuration.limits, secret: Self.derive(secret, "login limit"))
        tokens = AccessTokens(secret: secret)
        accessLifetime = configuration.accessLifetime
        successorKey = Self.derive(secret, "refresh successor")
        self.clock = clock
    }

    /// Derives a key for one purpose. Derived keys reveal nothing about each other.
    static func derive(_ secret: [UInt8], _ purpose: String) -> [UInt8] {
        hmacSHA256(key: secret, message: Array("usher \(purpose)".utf8))
    }

    /// Creates an account and logs its owner in.
    ///
    /// - Parameters:
    ///   - password: a password that satisfies `PasswordRule`.
    ///   - name: a name returned by `PersonName.cleaned`.
    ///   - address: the client's address.
    /// - Throws: `AccountError` `.emailTaken`, `.tooManyRegistrations`, `.limitUnknown`, `.overloaded`;
    ///   `PostgresError`.
    package func register(
        _ email: EmailAddress, password: String, name: String, address: String
    ) async throws -> Session {
        let attempt = try await logins.beginRegistration(address: address)
        do {
            return try await makeAccount(email, password: password, name: name, address: address)
        } catch {
            // A registration of a taken address counts; otherwise probing for addresses would be unlimited.
            if (error as? AccountError)?.code != .emailTaken { logins.withdraw(attempt) }
            throw error
        }
    }

    private func makeAccount(
        _ email: EmailAddress, password: String, name: String, address: String
    ) async throws -> Session {
        // Hashing costs much more than this query.
        guard try await users.user(email) == nil else { throw AccountError(.emailTaken) }
        let hash = try await hasher.hash(password, as: .registration(from: address))
        let account = UserStore.New(id: uuid(), email: email, name: name, passwordHash: hash, roles: ["customer"])
        let token = RefreshToken(random: random)
        let family = uuid()
        let rows = try await pool.pipeline(
            [account.insert] + refreshTokens.begin(token, family: family, user: account.id, generation: 0))
        guard rows[0].affectedRows == 1 else { throw AccountError(.emailTaken) }
        return session(account.user, token, family)
    }

    /// Logs in.
    ///
    /// If the address has no account, the password is checked against a decoy, so that the time is the same. The time
    /// differs for accounts imported with a bcrypt hash until their owners have logged in once.
    ///
    /// - Parameter address: the client's address.
    /// - Throws: `AccountError` `.invalidCredentials`, `.tooManyAttempts`, `.tooManyForAccount`, `.tooManyFromAddress`,
    ///   `.limitUnknown`, `.overloaded`, `.disabled`; `PostgresError`.
    package func login(_ email: EmailAddress, password: String, address: String) async throws -> Session {
        let attempt = try await logins.begin(account: email, address: address)
        let found: (user: User, passwordHash: String)?
        let match: PasswordHasher.Match
        do {
            found = try await users.user(email)
            match = try await hasher.check(password, found?.passwordHash, as: .login(from: address))
        } catch {
            logins.withdraw(attempt)
            throw error
        }
        guard match != .no, let found else { throw AccountError(.invalidCredentials) }
        logins.withdraw(attempt)
        guard !found.user.isDisabled else { throw AccountError(.disabled) }
        if match == .asTyped || !PasswordHash.isCurrent(found.passwordHash) {
            await rehash(found.user, password, found.passwordHash, address)
        }
        let token = RefreshToken(random: random)
        let family = uuid()
        let rows = try await pool.pipeline(
            refreshTokens.begin(token, family: family, user: found.user.id, generation: found.user.generation))
        // The account may have been erased, disabled or given another password in the meantime.
        guard rows[0].affectedRows == 1 else { throw AccountError(.invalidCredentials) }
        return session(found.user, token, family)
    }

    /// Replaces an outdated hash. Best effort: if it fails, the next login retries.
    private func rehash(_ user: User, _ password: String, _ old: String, _ address: String) async {
        guard let hash = try? await hasher.hash(password, as: .login(from: address)) else { return }
        try? await users.replaceHash(of: user, old, by: hash)
    }

    /// Exchanges a refresh token.
    ///
    /// - Throws: `AccountError` `.refreshInvalid`, `.refreshReused`; `PostgresError`.
    package func refresh(_ text: String) async throws -> Session {
        guard let token = RefreshToken(text) else { throw AccountError(.refreshInvalid) }
        let successor = token.successor(key: successorKey)
        let (verdict, user, family) = try await refreshTokens.exchange(token, for: successor)
        switch (verdict, user) {
        case (.exchange, let user?), (.again, let user?): return session(user, successor, family)
        case (.reused, _): throw AccountError(.refreshReused)
        default: throw AccountError(.refreshInvalid)
        }
    }

    /// Ends the session of a refresh token. Ignores unknown tokens.
    ///
    /// - Throws: `PostgresError`.
    package func logout(_ text: String) async throws {
        if let token = RefreshToken(text) { revocations.add(try await refreshTokens.revoke(token)) }
    }

    /// The account of a principal; `nil` for principals without an account here.
    ///
    /// - Throws: `PostgresError`.
    package func user(_ principal: Principal) async throws -> User? {
        // An outside issuer's subject may look like one of our ids, but it is a different user.
        guard principal.source == .own, AccountID.isOne(principal.id.text) else { return nil }
        return try await users.user(id: principal.id.text)
    }

    func session(_ user: User, _ refreshToken: RefreshToken, _ family: String) -> Session {
        let accessToken = tokens.issue(
            subject: user.id, roles: user.roles, now: clock(), lifetime: accessLifetime,
            session: (family, user.generation))
        return Session(
            user: user, accessToken: accessToken, refreshToken: refreshToken.text, expiresIn: accessLifetime)
    }

    /// A new UUIDv4 (RFC 9562, section 5.4).
    func uuid() -> String { AccountID.make(random) }
}
