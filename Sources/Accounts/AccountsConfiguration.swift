/// What accounts are told from outside, and what all loops of a process share.
public struct AccountsConfiguration: Sendable {
    /// How long an access token is good, seconds.
    public let accessLifetime: Int64
    /// How long a refresh token is good, seconds.
    public let refreshLifetime: Int64
    /// The outside identity provider, if there is one.
    public let outside: OutsideIssuer?
    /// Hashes passwords for all loops.
    public let hasher: PasswordHasher
    /// Limits of logins and registrations.
    public let limits: AccountLimits

    /// The defaults of the contract: 15 minutes, 7 days, own accounts only.
    public init(
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
