/// A limit of attempts within a time window.
package struct AttemptLimit: Sendable, Equatable {
    /// Attempts allowed within a window.
    package let most: Int
    /// The window, in seconds.
    package let seconds: Int64

    package init(most: Int, seconds: Int64) {
        self.most = most
        self.seconds = seconds
    }
}

/// Limits of account requests. They apply independently of the rate limit of requests.
package struct AccountLimits: Sendable, Equatable {
    /// Wrong passwords for one account from one address.
    package var loginsOfAccountFromAddress = AttemptLimit(most: 10, seconds: 60)
    /// Wrong passwords from one address. Higher, since a whole office may share an address.
    package var loginsOfAddress = AttemptLimit(most: 100, seconds: 60)
    /// Wrong passwords for one account from all addresses: high enough that an attacker with a few addresses cannot
    /// lock the owner out, low enough that a password cannot be guessed.
    package var loginsOfAccount = AttemptLimit(most: 1000, seconds: 3600)
    /// Registrations from one address; `nil` for no limit.
    package var registrations: AttemptLimit?

    /// Declined cards of one user; `nil` for no limit. A hold allows three attempts, so an honest customer with several
    /// holds stays below the limit.
    package var declinedCards: AttemptLimit? = AttemptLimit(most: 20, seconds: 3600)

    package init() {}
}
