import HTTPServer
import Inventory

extension Settings {
    /// `off`, `60/10s`, or `60/10s,900/10s` with the limit of an address.
    func rateLimits() throws -> RateLimits? {
        let text = text("USHER_RATE_LIMIT") ?? "60/10s"
        if text == "off" { return nil }
        let limits = text.split(separator: ",", omittingEmptySubsequences: false).map(Self.rateLimit)
        guard (1...2).contains(limits.count), let principal = limits[0], limits.count == 1 || limits[1] != nil else {
            throw Failure(
                "USHER_RATE_LIMIT must be off, such as 60/10s, or two of those for principals and addresses, "
                    + "not “\(text)”.")
        }
        return RateLimits(principal: principal, address: limits.count == 2 ? limits[1] : nil)
    }

    /// 1 to 1,000,000 requests in a second to a day.
    private static func rateLimit(_ text: Substring) -> RateLimit? {
        let part = text.split(separator: "/", omittingEmptySubsequences: false)
        guard part.count == 2, let quota = Int64(part[0]), (1...1_000_000).contains(quota),
            let seconds = Settings.seconds(String(part[1])), (1...86_400).contains(seconds)
        else { return nil }
        return RateLimit(quota: quota, periodSeconds: seconds)
    }

    /// Proxies that are believed when they say whose requests they bring; `nil` for nobody.
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
                    "USHER_TRUSTED_PROXIES: “\(part)” would let anybody choose an address; name your proxies' own.")
            }
            return range
        }
        return TrustedProxies(ranges)
    }
}
