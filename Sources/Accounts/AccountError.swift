/// Why something asked of an account was refused; nothing was done.
public struct AccountError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of refusal it is.
    public enum Code: String, Sendable {
        /// Another account has this address.
        case emailTaken
        /// There is no such account, or the password is another; which of them is nobody's business.
        case invalidCredentials
        /// Too many attempts at this account failed from this address.
        case tooManyAttempts
        /// Too many attempts at this account failed from everywhere.
        case tooManyForAccount
        /// Too many attempts from this address failed.
        case tooManyFromAddress
        /// Too many accounts were made from this address.
        case tooManyRegistrations
        /// Too many of the user's cards were declined.
        case tooManyDeclines
        /// Attempts cannot be counted at present.
        case limitUnknown
        /// Too many passwords wait to be hashed.
        case overloaded
        /// No token that can be exchanged: unknown, expired, logged out.
        case refreshInvalid
        /// A token that was exchanged long ago came back: somebody copied it. Its family is revoked.
        case refreshReused
        /// The password is right, and the account is disabled.
        case disabled
        /// The caller has no account here: an outside issuer's, or a service.
        case noAccount
        /// There is no such account.
        case unknown
        /// Nobody would be an administrator any more.
        case lastAdministrator
    }

    /// What kind of refusal it is.
    public let code: Code
    /// When it is worth trying again, in milliseconds from now; 0 when time does not help.
    public let retryMilliseconds: Int64

    /// The limit that was reached, if one was.
    public let limit: AttemptLimit?

    init(_ code: Code, retryMilliseconds: Int64 = 0, limit: AttemptLimit? = nil) {
        self.code = code
        self.retryMilliseconds = retryMilliseconds
        self.limit = limit
    }

    /// Safe to log.
    public var description: String { "account: \(code.rawValue)" }
}

extension AccountError {
    /// For what cannot be credentials at all.
    public static let invalidCredentials = AccountError(.invalidCredentials)
    /// For what cannot be an account's id at all.
    public static let unknown = AccountError(.unknown)
}
