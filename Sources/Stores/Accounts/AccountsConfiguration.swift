/// Configuration of accounts, and objects that all loops of a process share.
package struct AccountsConfiguration: Sendable {
    /// Lifetime of an access token, in seconds.
    package let accessLifetime: Int64
    /// Lifetime of a refresh token, in seconds.
    package let refreshLifetime: Int64
    /// The outside identity provider, if any.
    package let outside: OutsideIssuer?
    /// Hashes passwords for all loops.
    package let hasher: PasswordHasher
    /// Limits of logins and registrations.
    package let limits: AccountLimits

    /// Defaults: 15 minutes, 7 days, own accounts only.
    package init(
        accessLifetime: Int64 = 900, refreshLifetime: Int64 = 604_800, outside: OutsideIssuer? = nil,
        hasher: PasswordHasher = PasswordHasher(), limits: AccountLimits = AccountLimits()
    ) {
        self.accessLifetime = accessLifetime
        self.refreshLifetime = refreshLifetime
        self.outside = outside
        self.hasher = hasher
        self.limits = limits
    }
}
