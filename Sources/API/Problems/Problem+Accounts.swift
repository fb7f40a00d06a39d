import Accounts
import HTTPServer

extension Problem {
    /// What a refusal concerning an account means for a client.
    static func account(_ error: AccountError) -> Problem {
        let seconds = String(max(1, (error.retryMilliseconds + 999) / 1000))
        switch error.code {
        case .emailTaken:
            return Problem(.emailTaken, "There is an account with this address.")
        case .invalidCredentials:
            return unauthenticated(.invalidCredentials, "The address or the password is wrong.")
        case .refreshInvalid:
            return unauthenticated(.unauthorized, "The refresh token is not valid.")
        case .refreshReused:
            return unauthenticated(
                .refreshReused, "The refresh token was used before; its session is over. Log in again.")
        case .tooManyAttempts:
            return tooMany("login-account", LoginLimit.perAccount, seconds)
        case .tooManyFromAddress:
            return tooMany("login-address", LoginLimit.perAddress, seconds)
        case .overloaded:
            return Problem(
                .overloaded, "Too many people are signing in at this moment; nothing was done.",
                headers: [("Retry-After", seconds)])
        }
    }

    private static func tooMany(_ policy: String, _ most: Int, _ seconds: String) -> Problem {
        Problem(
            .rateLimited, "More than \(most) attempts to sign in failed in a minute. Wait \(seconds) s.",
            headers: [
                ("Retry-After", seconds), ("RateLimit", "\"\(policy)\";r=0;t=\(seconds)"),
                ("RateLimit-Policy", "\"\(policy)\";q=\(most);w=60"),
            ])
    }

    private static func unauthenticated(_ kind: ProblemKind, _ detail: String) -> Problem {
        Problem(kind, detail, headers: [("WWW-Authenticate", "Bearer realm=\"usher\"")])
    }
}
