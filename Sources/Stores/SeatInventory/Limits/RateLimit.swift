package import Text

/// A quota of requests per period, for each sender.
package struct RateLimit: Sendable, Equatable {
    /// Requests allowed at once, and within a period.
    package let quota: Int64
    /// The period in seconds.
    package let seconds: Int64
    /// How long one request counts, microseconds.
    let interval: Int64

    /// A limit of `quota` requests per period.
    ///
    /// - Parameters:
    ///   - quota: 1 or more.
    ///   - periodSeconds: 1 or more.
    package init(quota: Int64, periodSeconds: Int64) {
        self.quota = quota
        interval = max(1, periodSeconds * 1_000_000 / quota)
        seconds = periodSeconds
    }

    /// The time in which the quota may be used up, microseconds.
    var period: Int64 { interval * quota }

    /// What is left of the quota after `used` microseconds of the period.
    func remaining(_ used: Int64) -> Int64 { max(0, (period - max(0, used)) / interval) }
}

/// Limits for principals, and for addresses whose requests do not identify a principal.
package struct RateLimits: Sendable, Equatable {
    /// For each principal.
    package let principal: RateLimit
    /// For each address; higher, because a whole office may share one.
    package let address: RateLimit

    /// Default ratio of an address's quota to a principal's.
    package static let addressFactor: Int64 = 10

    /// Limits; the addresses' default is ten times the principals'.
    package init(principal: RateLimit, address: RateLimit? = nil) {
        self.principal = principal
        self.address =
            address
            ?? RateLimit(
                quota: principal.quota * Self.addressFactor, periodSeconds: principal.seconds)
    }
}

extension RateLimits {
    /// The form of `lua/rate_limit.lua`: interval and period of principals, then of addresses.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for limit in [principal, address] {
            bytes.append(limit.interval, width: 6)
            bytes.append(limit.period, width: 6)
        }
        return bytes
    }
}

/// A sender whose requests are counted together.
package struct RateSubject: Hashable, Sendable {
    package enum Kind: Sendable {
        /// A principal's requests.
        case principal
        /// An address's requests that do not identify a principal.
        case address
        /// All requests of an address's principals together: accounts cost nothing, addresses do.
        case addressOfPrincipals
    }

    /// Reads and writes are counted separately.
    package let isWrite: Bool
    package let kind: Kind
    /// The principal or the address.
    package let name: ExactText

    package init(isWrite: Bool, _ kind: Kind, name: String) {
        self.isWrite = isWrite
        self.kind = kind
        self.name = ExactText(name)
    }

    /// Whether the addresses' limit applies.
    package var isAddress: Bool { kind != .principal }

    /// The subject in `lua/rate_limit.lua`: its length, two bytes, then its name.
    var bytes: [UInt8] {
        let letter =
            switch (kind, isWrite) {
            case (.principal, false): "r"
            case (.principal, true): "w"
            case (.address, false): "R"
            case (.address, true): "W"
            case (.addressOfPrincipals, false): "P"
            case (.addressOfPrincipals, true): "Q"
            }
        var bytes: [UInt8] = []
        bytes.append(text: letter + name.text, length: 2)
        return bytes
    }
}

/// A rate limit's decision on a request.
package struct RateVerdict: Sendable, Equatable {
    /// Whether the request is admitted.
    package let isAdmitted: Bool
    /// How many more may follow at once.
    package let remaining: Int64
    /// If refused, when to retry; if admitted, when the whole quota is available again: microseconds from now.
    package let wait: Int64
}
