import Loops

/// The delay before reconnecting: doubles after each failure, with jitter, so that the clients of a recovering server
/// do not reconnect at the same moment (AWS Architecture Blog, "Exponential Backoff and Jitter", 2015).
struct Backoff {
    private let minimum: Int64
    private let maximum: Int64
    private var ceiling: Int64

    init(minimum: Duration, maximum: Duration) {
        self.minimum = max(1, minimum.nanoseconds)
        self.maximum = max(self.minimum, maximum.nanoseconds)
        ceiling = self.minimum
    }

    /// The next delay in nanoseconds: between half of this round's ceiling and the ceiling.
    mutating func next(using random: inout some RandomNumberGenerator) -> Int64 {
        let now = ceiling
        ceiling = ceiling > maximum / 2 ? maximum : ceiling * 2
        return Int64.random(in: (now + 1) / 2...now, using: &random)
    }

    mutating func reset() { ceiling = minimum }
}
