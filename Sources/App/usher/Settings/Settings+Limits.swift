import Accounts
import HTTP
import SeatInventory

extension Settings {
    /// Rate limits: `off`, `60/10s`, or `60/10s,900/10s` with the limit of an address.
    func rateLimits() throws -> RateLimits? {
        let text = text("USHER_RATE_LIMIT") ?? "60/10s"
        if text == "off" { return nil }
        let limits = text.split(separator: ",", omittingEmptySubsequences: false).map(Self.rateLimit)
        guard (1...2).contains(limits.count), let principal = limits[0], limits.count == 1 || limits[1] != nil else {
            throw Failure(
                "USHER_RATE_LIMIT must be off, a limit such as 60/10s, or two limits for principals and addresses, "
                    + "not “\(text)”.")
        }
        return RateLimits(principal: principal, address: limits.count == 2 ? limits[1] : nil)
    }

    private static func rateLimit(_ text: Substring) -> RateLimit? {
        number(text).map { RateLimit(quota: $0.quota, periodSeconds: $0.seconds) }
    }

    private static func attemptLimit(_ text: Substring) -> AttemptLimit? {
        number(text).map { AttemptLimit(most: Int($0.quota), seconds: $0.seconds) }
    }

    /// Parses `60/10s`: a quota of 1 to 1,000,000 and a period of a second to a day.
    private static func number(_ text: Substring) -> (quota: Int64, seconds: Int64)? {
        let part = text.split(separator: "/", omittingEmptySubsequences: false)
        guard part.count == 2, let quota = Int64(part[0]), (1...1_000_000).contains(quota),
            let seconds = Settings.seconds(String(part[1])), (1...86_400).contains(seconds)
        else { return nil }
        return (quota, seconds)
    }

    /// Limits of logins, registrations and declined cards; independent of `USHER_RATE_LIMIT`.
    func accountLimits() throws -> AccountLimits {
        var limits = AccountLimits()
        if let text = text("USHER_LOGIN_LIMIT") {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).compactMap(Self.attemptLimit)
            guard parts.count == 3, text.filter({ $0 == "," }).count == 2 else {
                throw Failure(
                    "USHER_LOGIN_LIMIT must be three limits of wrong passwords such as 10/1m,100/1m,1000/1h: for one "
                        + "account from one address, from one address, for one account from all addresses; "
                        + "not “\(text)”.")
            }
            limits.loginsOfAccountFromAddress = parts[0]
            limits.loginsOfAddress = parts[1]
            limits.loginsOfAccount = parts[2]
        }
        let registrations = text("USHER_REGISTRATION_LIMIT") ?? "10/1h"
        if registrations != "off" {
            guard let limit = Self.attemptLimit(registrations[...]) else {
                throw Failure("USHER_REGISTRATION_LIMIT must be off or a limit such as 10/1h, not “\(registrations)”.")
            }
            limits.registrations = limit
        }
        if let declines = text("USHER_DECLINE_LIMIT") {
            limits.declinedCards = Self.attemptLimit(declines[...])
            guard declines == "off" || limits.declinedCards != nil else {
                throw Failure("USHER_DECLINE_LIMIT must be off or a limit such as 20/1h, not “\(declines)”.")
            }
        }
        return limits
    }

    /// Limits of connections and streams per client address.
    func clients() throws -> ClientLedger {
        var limits = HTTPLimits()
        limits.addressConnections = try bound("USHER_ADDRESS_CONNECTIONS", usual: 256)
        limits.addressStreams = try bound("USHER_ADDRESS_STREAMS", usual: 64)
        return ClientLedger(limits)
    }

    /// Parses `off` (`nil`), or a number from 1 to 1,000,000.
    private func bound(_ name: String, usual: Int) throws -> Int? {
        text(name) == "off" ? nil : try integer(name, 1...1_000_000, usual: usual)
    }

    /// Proxies whose forwarded client address is trusted; `nil` for none.
    func trustedProxies() throws -> TrustedProxies? {
        guard let text = text("USHER_TRUSTED_PROXIES") else { return nil }
        let ranges = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let part = String(part.drop { $0 == " " })
            guard let range = AddressRange(part) else {
                throw Failure(
                    "USHER_TRUSTED_PROXIES must be addresses or networks such as 10.1.2.0/24 or fd00::/8, separated by "
                        + "commas, not “\(part)”.")
            }
            guard !range.isTooWide else {
                throw Failure(
                    "USHER_TRUSTED_PROXIES: “\(part)” lets any client forge its address; set your proxies' addresses.")
            }
            return range
        }
        return TrustedProxies(ranges)
    }
}
