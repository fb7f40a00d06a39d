/// How long to wait before the next attempt: twice as long each time, at random below the bound ("full jitter"), so that
/// many copies do not come back at once.
struct Backoff {
    private let bounds: ClosedRange<Duration>
    private var failures = 0

    init(_ bounds: ClosedRange<Duration>) { self.bounds = bounds }

    /// Forgets earlier failures.
    mutating func succeeded() { failures = 0 }

    /// Notes a failure and says how long to wait.
    mutating func failed(using random: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(bounds.lowerBound * (1 << min(failures, 16)), bounds.upperBound)
        failures += 1
        return ceiling * Double.random(in: 0.5...1, using: &random)
    }
}
