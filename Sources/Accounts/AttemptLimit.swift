/// So many attempts within such a time.
public struct AttemptLimit: Sendable, Equatable {
    /// Attempts within a window.
    public let most: Int
    /// The window, seconds.
    public let seconds: Int64

    /// A limit.
    public init(most: Int, seconds: Int64) {
        self.most = most
        self.seconds = seconds
    }
}

/// Limits of what is asked of accounts without a token. They hold whatever the limit of requests is.
public struct AccountLimits: Sendable, Equatable {
    /// Wrong passwords for one account from one address.
    public var loginsOfAccountFromAddress = AttemptLimit(most: 10, seconds: 60)
    /// Wrong passwords from one address; more, for a whole office may come from one.
    public var loginsOfAddress = AttemptLimit(most: 100, seconds: 60)
    /// Wrong passwords for one account from all addresses: so many that nobody is locked out by anybody with a few
    /// addresses, so few that a password is not guessed.
    public var loginsOfAccount = AttemptLimit(most: 1000, seconds: 3600)
    /// Registrations from one address; `nil` for any number.
    public var registrations: AttemptLimit?

    /// Cards of one user that are declined; `nil` for any number. Three are tried for one hold, so an honest customer with
    /// several holds stays below it.
    public var declinedCards: AttemptLimit? = AttemptLimit(most: 20, seconds: 3600)

    /// The defaults.
    public init() {}
}
