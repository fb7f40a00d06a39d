import EventLoop

/// How long to wait before connecting again: twice as long after each failure, jittered so that the clients of a server
/// that comes back do not arrive together (AWS Architecture Blog, "Exponential Backoff and Jitter", 2015).
struct Backoff {
    private let minimum: Int64
    private let maximum: Int64
    private var ceiling: Int64

    init(minimum: Duration, maximum: Duration) {
        self.minimum = max(1, minimum.nanoseconds)
        self.maximum = max(self.minimum, maximum.nanoseconds)
        ceiling = self.minimum
    }

    /// The nanoseconds to wait now: between half of this round's ceiling and the whole.
    mutating func next(using random: inout some RandomNumberGenerator) -> Int64 {
        let now = ceiling
        ceiling = ceiling > maximum / 2 ? maximum : ceiling * 2
        return Int64.random(in: (now + 1) / 2...now, using: &random)
    }

    mutating func reset() { ceiling = minimum }
}
