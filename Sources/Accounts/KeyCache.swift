import Cryptography

/// What is known of an issuer's keys and when to ask again: a value without clock or network. Times are nanoseconds
/// of a clock that never jumps.
struct KeyCache {
    private var keys: KeySet?
    private var fetchedAt: Int64 = 0
    private var attemptedAt: Int64?
    private(set) var isFetching = false

    /// Between two attempts, whoever asks for whatever: tokens with invented key names cost the issuer nothing.
    static let pause: Int64 = 12 * 1_000_000_000
    /// After this a key that is known is used and asked for anew, so that one that was withdrawn goes.
    static let freshFor: Int64 = 600 * 1_000_000_000
    /// An issuer that cannot be reached for longer may have withdrawn any key.
    static let usableFor: Int64 = 86_400 * 1_000_000_000

    enum Answer: Equatable {
        /// The key is here.
        case known
        /// A fetch is under way that may bring it.
        case wait
        /// There is no such key.
        case unknown
    }

    /// The key of this name, as far as it is known.
    func key(_ name: String, now: Int64) -> VerificationKey? {
        now - fetchedAt < Self.usableFor ? keys?[name] : nil
    }

    /// Asks for a key.
    ///
    /// - Returns: what is known, and whether the caller is the one to fetch now.
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
    /// - Parameter keys: nil when it failed: what is known stays.
    mutating func fetched(_ keys: KeySet?, now: Int64) {
        isFetching = false
        guard let keys else { return }
        self.keys = keys
        fetchedAt = now
    }
}
