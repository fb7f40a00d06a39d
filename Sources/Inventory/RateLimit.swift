public import Text

/// So many requests within such a time, as often as that, for whoever sends them.
public struct RateLimit: Sendable, Equatable {
    /// Requests that may come at once, and within a period.
    public let quota: Int64
    /// The period in seconds.
    public let seconds: Int64
    /// How long one request counts, microseconds.
    let interval: Int64

    /// A limit.
    ///
    /// - Parameters:
    ///   - quota: 1 or more.
    ///   - periodSeconds: 1 or more.
    public init(quota: Int64, periodSeconds: Int64) {
        self.quota = quota
        interval = max(1, periodSeconds * 1_000_000 / quota)
        seconds = periodSeconds
    }

    /// In which the quota may be used up, microseconds.
    var period: Int64 { interval * quota }

    /// What of the quota is left when `used` microseconds of the period are.
    func remaining(_ used: Int64) -> Int64 { max(0, (period - max(0, used)) / interval) }
}

/// Limits for principals, and for addresses that say nothing of who sends.
public struct RateLimits: Sendable, Equatable {
    /// Of each principal.
    public let principal: RateLimit
    /// Of each address; more, for a whole office may be behind one.
    public let address: RateLimit

    /// How many principals' quota an address has, unless it is told.
    public static let addressFactor: Int64 = 10

    /// Limits; that of addresses is ten times that of principals unless it is given.
    public init(principal: RateLimit, address: RateLimit? = nil) {
        self.principal = principal
        self.address =
            address
            ?? RateLimit(
                quota: principal.quota * Self.addressFactor, periodSeconds: principal.seconds)
    }
}

extension RateLimits {
    /// As `lua/rate_limit.lua` has them: interval and period of principals, then of addresses.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for limit in [principal, address] {
            bytes.append(limit.interval, width: 6)
            bytes.append(limit.period, width: 6)
        }
        return bytes
    }
}

/// Whose requests are counted together.
public struct RateSubject: Hashable, Sendable {
    /// What is counted.
    public enum Kind: Sendable {
        /// A principal's requests.
        case principal
        /// An address's requests that do not say who sends.
        case address
        /// An address's requests of all its principals together: accounts cost nothing, addresses do.
        case addressOfPrincipals
    }

    /// Reads and writes are counted apart.
    public let isWrite: Bool
    /// What is counted.
    public let kind: Kind
    /// The principal or the address.
    public let name: ExactText

    /// A subject.
    public init(isWrite: Bool, _ kind: Kind, name: String) {
        self.isWrite = isWrite
        self.kind = kind
        self.name = ExactText(name)
    }

    /// Whether the limit of addresses is its limit.
    public var isAddress: Bool { kind != .principal }

    /// What `lua/rate_limit.lua` calls it: its length, two bytes, then its name.
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

/// What a rate limit says to a request.
public struct RateVerdict: Sendable, Equatable {
    /// Whether it may go on.
    public let isAdmitted: Bool
    /// How many more may follow at once.
    public let remaining: Int64
    /// When it may be tried again, or, where it goes on, when the whole quota is there again: microseconds from now.
    public let wait: Int64
}
