import Accounts
import BoxOffice
import Foundation

/// `usher token --sub ID [--role admin] [--ttl SECONDS|15m|1h]`: prints an access token.
struct Token {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run(_ options: Options) throws {
        guard let subject = options["sub"].flatMap({ UserID($0) }) else {
            throw Failure("--sub must name a user: it must be \(UserID.rule).")
        }
        guard let lifetime = Settings.seconds(options["ttl"] ?? "1h") else {
            throw Failure("--ttl must be a time such as 900, 15m, 1h or 7d.")
        }
        let role = options["role"] ?? "customer"
        guard ["admin", "customer"].contains(role) else { throw Failure("--role must be admin or customer.") }
        print(try Self.make(settings, subject: subject.text, role: role, lifetime: lifetime))
    }

    static func make(_ settings: Settings, subject: String, role: String, lifetime: Int64) throws -> String {
        AccessTokens(secret: try settings.withStoredSecret().secret()).issue(
            subject: subject, roles: [role], now: Int64(Date().timeIntervalSince1970), lifetime: lifetime)
    }
}
