import Cryptography
public import PostgresClient

/// Two customers and an administrator to try things out with.
///
/// Their passwords are made from the server's secret, not written here: a demo user in a database that is not a demo's
/// must not be a door.
public struct DemoUsers: Sendable {
    /// A demo user and how to log in.
    public struct Account: Sendable {
        /// Its address.
        public let email: String
        /// What it is called.
        public let name: String
        /// What it may do.
        public let roles: [String]
        /// Its password, as long as nobody changed it.
        public let password: String
    }

    /// All of them.
    public let accounts: [Account]

    /// The demo users under a secret.
    public init(secret: [UInt8]) {
        let key = AccountService.derive(secret, "demo users")
        accounts = [("alice", "Alice", "customer"), ("bob", "Bob", "customer"), ("admin", "Admin", "admin")].map {
            let digest = hexEncode(hmacSHA256(key: key, message: Array($0.0.utf8)))
            return Account(
                email: "\($0.0)@example.com", name: $0.1, roles: [$0.2], password: "\($0.0)-1-\(digest.prefix(16))")
        }
    }

    /// Writes those that are not there; who is there stays as it is.
    ///
    /// - Returns: those that one can log in as: a password may have been changed, or be that of an earlier secret.
    /// - Throws: `AccountError`, `PostgresError`.
    public func write(on pool: PostgresPool, hasher: PasswordHasher) async throws -> [Account] {
        let store = UserStore(pool: pool)
        var usable: [Account] = []
        for account in accounts {
            guard let email = EmailAddress(account.email) else { continue }
            if try await store.user(email) == nil {
                let new = UserStore.New(
                    id: AccountID.make(RandomSource()), email: email, name: account.name,
                    passwordHash: try await hasher.hash(account.password, as: .command), roles: account.roles)
                _ = try await store.insert(new)
            }
            let hash = try await store.user(email)?.passwordHash
            if try await hasher.matches(account.password, hash, as: .command) { usable.append(account) }
        }
        return usable
    }
}
