/// Tokens that were verified, until they expire: checking a signature costs more than a claim. Bounded in entries and
/// bytes; when it is full it is begun anew. Lives on one loop.
struct TokenCache {
    /// A token, hashed by its end: that is of its signature, which nobody can choose.
    private struct Key: Hashable {
        let token: ArraySlice<UInt8>

        func hash(into hasher: inout Hasher) {
            unsafe token.suffix(32).withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        }
    }

    private var known: [Key: (principal: Principal, expires: Int64)] = [:]
    /// What was asked about last: the rate limit and the route ask about the same bytes, one right after the other.
    private var last: (token: ArraySlice<UInt8>, principal: Principal, expires: Int64)?
    private var bytes = 0
    private let maximumEntries: Int
    private let maximumBytes: Int

    /// - Parameters:
    ///   - maximumEntries: about as many users as one loop serves within minutes.
    ///   - maximumBytes: of tokens; those of outside issuers have up to 8 KiB each.
    init(maximumEntries: Int = 10_000, maximumBytes: Int = 8 << 20) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
    }

    /// How many tokens are remembered.
    var count: Int { known.count }

    /// Whom a token names, while it is good.
    ///
    /// - Parameter now: Unix seconds.
    mutating func principal(_ token: ArraySlice<UInt8>, now: Int64) -> Principal? {
        if let last, last.expires > now, Self.areSame(last.token, token) { return last.principal }
        guard let entry = known[Key(token: token)] else { return nil }
        if entry.expires > now {
            last = (token, entry.principal, entry.expires)
            return entry.principal
        }
        known[Key(token: token)] = nil
        bytes -= token.count
        return nil
    }

    /// Whether they are the same bytes at the same place, which stays theirs for as long as one of them is kept.
    private static func areSame(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                unsafe left.baseAddress == right.baseAddress && left.count == right.count
            }
        }
    }

    /// Remembers a token, not the buffer that it lies in.
    mutating func remember(_ token: ArraySlice<UInt8>, _ principal: Principal, expires: Int64) {
        if known.count >= maximumEntries || bytes + token.count > maximumBytes {
            known.removeAll(keepingCapacity: true)
            bytes = 0
        }
        let key = Key(token: ArraySlice(Array(token)))
        if known.updateValue((principal, expires), forKey: key) == nil { bytes += token.count }
    }
}
