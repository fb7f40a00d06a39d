import Accounts
import HTTPServer

extension Problem {
    /// What a refusal concerning an account means for a client.
    static func account(_ error: AccountError) -> Problem {
        let seconds = String(max(1, (error.retryMilliseconds + 999) / 1000))
        switch error.code {
        case .emailTaken:
            return Problem(409, "email-taken", "There is an account with this address.")
        case .invalidCredentials:
            return unauthenticated("invalid-credentials", "The address or the password is wrong.")
        case .refreshInvalid:
            return unauthenticated("unauthorized", "The refresh token is not valid.")
        case .refreshReused:
            return unauthenticated(
                "refresh-reused", "The refresh token was used before; its session is over. Log in again.")
        case .tooManyAttempts:
            return tooMany("login-account", LoginLimit.perAccount, seconds)
        case .tooManyFromAddress:
            return tooMany("login-address", LoginLimit.perAddress, seconds)
        case .overloaded:
            return Problem(
                503, "overloaded", "Too many log in at present; nothing was done.", isRetryable: true,
                headers: [("Retry-After", seconds)])
        }
    }

    private static func tooMany(_ policy: String, _ most: Int, _ seconds: String) -> Problem {
        Problem(
            429, "rate-limited", "Too many attempts failed.", isRetryable: true,
            headers: [
                ("Retry-After", seconds), ("RateLimit", "\"\(policy)\";r=0;t=\(seconds)"),
                ("RateLimit-Policy", "\"\(policy)\";q=\(most);w=60"),
            ])
    }

    private static func unauthenticated(_ code: String, _ detail: String) -> Problem {
        Problem(401, code, detail, headers: [("WWW-Authenticate", "Bearer realm=\"usher\"")])
    }
}
