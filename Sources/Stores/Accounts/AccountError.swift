/// Why an account operation was refused; nothing was changed.
package struct AccountError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another account has this address.
        case emailTaken
        /// There is no such account, or the password is wrong; deliberately not distinguished.
        case invalidCredentials
        /// Too many failed attempts at this account from this address.
        case tooManyAttempts
        /// Too many failed attempts at this account from all addresses.
        case tooManyForAccount
        /// Too many failed attempts from this address.
        case tooManyFromAddress
        /// Too many registrations from this address.
        case tooManyRegistrations
        /// Too many of the user's cards were declined.
        case tooManyDeclines
        /// Attempts cannot be counted, since Redis is unavailable.
        case limitUnknown
        /// Too many passwords are waiting to be hashed.
        case overloaded
        /// The refresh token cannot be exchanged: unknown, expired, or logged out.
        case refreshInvalid
        /// A refresh token was presented again long after its exchange: it was copied. Its family is revoked.
        case refreshReused
        /// The password is correct, but the account is disabled.
        case disabled
        /// The caller has no account here: it is an outside issuer's user, or a service.
        case noAccount
        /// There is no such account.
        case unknown
        /// The change would leave no administrator.
        case lastAdministrator
    }

    package let code: Code
    /// When to retry, in milliseconds from now; 0 if waiting does not help.
    package let retryMilliseconds: Int64

    /// The limit that was reached, if any.
    package let limit: AttemptLimit?

    init(_ code: Code, retryMilliseconds: Int64 = 0, limit: AttemptLimit? = nil) {
        self.code = code
        self.retryMilliseconds = retryMilliseconds
        self.limit = limit
    }

    /// Safe to log.
    package var description: String { "account: \(code.rawValue)" }
}

extension AccountError {
    /// For input that is not well-formed credentials.
    package static let invalidCredentials = AccountError(.invalidCredentials)
    /// For input that is not a well-formed account id.
    package static let unknown = AccountError(.unknown)
}
