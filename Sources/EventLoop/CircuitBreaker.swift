/// Lets callers fail at once while something does not answer, and one through now and then to find out.
///
/// A value: it knows no clock. Times are nanoseconds of any clock that does not jump.
public struct CircuitBreaker: Sendable {
    private let threshold: Int
    private let pause: Int64
    private var failures = 0
    private var retryTime = Int64.min

    /// A breaker that is closed.
    ///
    /// - Parameters:
    ///   - threshold: it opens with so many failures in a row.
    ///   - pause: while it is open, one caller is let through in each.
    public init(threshold: Int, pause: Duration) {
        self.threshold = threshold
        self.pause = pause.nanoseconds
    }

    /// Whether it lets only one through now and then.
    public var isOpen: Bool { failures >= threshold }

    /// Whether the caller is to try.
    public mutating func admits(now: Int64) -> Bool {
        guard isOpen else { return true }
        guard now >= retryTime else { return false }
        retryTime = now + pause
        return true
    }

    /// It answered.
    public mutating func succeeded() { failures = 0 }

    /// It did not answer in time.
    public mutating func failed(now: Int64) {
        failures += 1
        retryTime = now + pause
    }
}
