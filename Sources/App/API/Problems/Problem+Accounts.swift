import Accounts
import HTTP

extension Problem {
    /// The problem for an account error.
    static func account(_ error: AccountError) -> Problem {
        let seconds = String(max(1, (error.retryMilliseconds + 999) / 1000))
        switch error.code {
        case .emailTaken:
            return Problem(.emailTaken, "There is an account with this address.")
        case .invalidCredentials:
            return unauthenticated(.invalidCredentials, "The address or the password is wrong.")
        case .refreshInvalid:
            return unauthenticated(.unauthorized, "The refresh token is not valid.")
        case .disabled:
            return Problem(.forbidden, "This account is disabled. Ask the operator of this service.")
        case .noAccount:
            return Problem(.forbidden, "You have no account here: an identity provider or an API key identified you.")
        case .unknown:
            return Problem(.notFound, "There is no such account.")
        case .lastAdministrator:
            return Problem(.lastAdministrator, "This is the last account that can log in as an administrator.")
        case .refreshReused:
            return unauthenticated(
                .refreshReused, "The refresh token was used before; its session is over. Log in again.")
        case .tooManyAttempts:
            return tooMany(
                "login-account", error.limit, "attempts to sign in to this account failed from this address", seconds)
        case .tooManyForAccount:
            return tooMany(
                "login-account-everywhere", error.limit, "attempts to sign in to this account failed", seconds)
        case .tooManyFromAddress:
            return tooMany("login-address", error.limit, "attempts to sign in failed from this address", seconds)
        case .tooManyRegistrations:
            return tooMany(
                "registrations", error.limit, "accounts were registered from this address", seconds)
        case .tooManyDeclines:
            return tooMany("declined-cards", error.limit, "of your cards were declined", seconds)
        case .limitUnknown:
            return Problem(
                .overloaded, "Sign-ins and registrations cannot be counted at this moment; nothing was done.",
                headers: [("Retry-After", seconds)])
        case .overloaded:
            return Problem(
                .overloaded, "Too many people are signing in at this moment; nothing was done.",
                headers: [("Retry-After", seconds)])
        }
    }

    private static func tooMany(
        _ policy: String, _ limit: AttemptLimit?, _ what: String, _ seconds: String
    ) -> Problem {
        Problem(
            .rateLimited,
            "\(limit?.most ?? 0) \(what) within \(limit?.seconds ?? 0) s, which is the limit. Wait \(seconds) s.",
            headers: [
                ("Retry-After", seconds), ("RateLimit", "\"\(policy)\";r=0;t=\(seconds)"),
                ("RateLimit-Policy", "\"\(policy)\";q=\(limit?.most ?? 0);w=\(limit?.seconds ?? 0)"),
            ])
    }

    private static func unauthenticated(_ kind: ProblemKind, _ detail: String) -> Problem {
        Problem(kind, detail, headers: [("WWW-Authenticate", "Bearer realm=\"usher\"")])
    }
}
