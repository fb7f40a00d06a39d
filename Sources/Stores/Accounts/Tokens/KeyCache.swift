import Cryptography

/// A cache of an issuer's keys that decides when to fetch them. A value type without clock or network. Times are
/// monotonic nanoseconds.
struct KeyCache {
    private var keys: KeySet?
    private var fetchedAt: Int64 = 0
    private var attemptedAt: Int64?
    private(set) var isFetching = false

    /// The minimum pause between two fetches, so that tokens with invented key names cause no load on the issuer.
    static let pause: Int64 = 12 * 1_000_000_000
    /// After this time a cached key is still used but the keys are fetched again, so that withdrawn keys disappear.
    static let freshFor: Int64 = 600 * 1_000_000_000
    /// After this time without a successful fetch, cached keys are not used: the issuer may have withdrawn any of them.
    static let usableFor: Int64 = 86_400 * 1_000_000_000

    enum Answer: Equatable {
        /// The key is cached.
        case known
        /// A running fetch may return the key.
        case wait
        /// There is no such key.
        case unknown
    }

    /// The cached key with this name.
    func key(_ name: String, now: Int64) -> VerificationKey? {
        now - fetchedAt < Self.usableFor ? keys?[name] : nil
    }

    /// Looks up a key.
    ///
    /// - Returns: the state of the key, and whether the caller must start a fetch.
    mutating func ask(_ name: String, now: Int64) -> (answer: Answer, fetches: Bool) {
        let isKnown = key(name, now: now) != nil
        let isWanted = !isKnown || now - fetchedAt >= Self.freshFor
        let fetches = isWanted && !isFetching && attemptedAt.map { now - $0 >= Self.pause } ?? true
        if fetches {
            isFetching = true
            attemptedAt = now
        }
        return (isKnown ? .known : isFetching ? .wait : .unknown, fetches)
    }

    /// Ends a fetch.
    ///
    /// - Parameter keys: `nil` if the fetch failed; the cached keys stay.
    mutating func fetched(_ keys: KeySet?, now: Int64) {
        isFetching = false
        guard let keys else { return }
        self.keys = keys
        fetchedAt = now
    }
}
