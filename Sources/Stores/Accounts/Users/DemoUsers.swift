import Cryptography
package import PostgresClient

/// Demo accounts: two customers and an administrator.
///
/// Their passwords are derived from the server's secret instead of being constants, so that demo users in a production
/// database do not have known passwords.
package struct DemoUsers: Sendable {
    /// A demo user and its password.
    package struct Account: Sendable {
        /// The e-mail address.
        package let email: String
        /// The display name.
        package let name: String
        /// The roles.
        package let roles: [String]
        /// The initial password.
        package let password: String
    }

    /// All demo users.
    package let accounts: [Account]

    /// Derives the passwords from a secret.
    package init(secret: [UInt8]) {
        let key = AccountService.derive(secret, "demo users")
        accounts = [("alice", "Alice", "customer"), ("bob", "Bob", "customer"), ("admin", "Admin", "admin")].map {
            let digest = hexEncode(hmacSHA256(key: key, message: Array($0.0.utf8)))
            return Account(
                email: "\($0.0)@example.com", name: $0.1, roles: [$0.2], password: "\($0.0)-1-\(digest.prefix(16))")
        }
    }

    /// Creates the missing accounts; existing accounts stay unchanged.
    ///
    /// - Returns: the accounts whose derived passwords work: a password may have been changed, or derived from an
    ///   earlier secret.
    /// - Throws: `AccountError`, `PostgresError`.
    package func write(on pool: PostgresPool, hasher: PasswordHasher) async throws -> [Account] {
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
