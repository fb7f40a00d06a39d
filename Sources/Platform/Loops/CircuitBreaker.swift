/// Makes callers fail at once while a service does not answer, and lets one caller through per pause as a probe.
///
/// A value type without a clock. Times are nanoseconds of any monotonic clock.
package struct CircuitBreaker: Sendable {
    private let threshold: Int
    private let pause: Int64
    private var failures = 0
    private var retryTime = Int64.min

    /// A closed breaker.
    ///
    /// - Parameters:
    ///   - threshold: the number of consecutive failures that opens it.
    ///   - pause: while it is open, one caller is admitted per pause.
    package init(threshold: Int, pause: Duration) {
        self.threshold = threshold
        self.pause = pause.nanoseconds
    }

    /// Whether it admits only one caller per pause.
    package var isOpen: Bool { failures >= threshold }

    /// Whether the caller may try.
    package mutating func admits(now: Int64) -> Bool {
        guard isOpen else { return true }
        guard now >= retryTime else { return false }
        retryTime = now + pause
        return true
    }

    /// Records an answer; closes the breaker.
    package mutating func succeeded() { failures = 0 }

    /// Records a missing answer.
    package mutating func failed(now: Int64) {
        failures += 1
        retryTime = now + pause
    }
}
