/// Recoveries that are logged in one line: those that run at the same time, or wait for their turn.
struct Recoveries {
    /// How many were completed since the last line.
    var done = 0
    private var running = 0
    private var start: Int64 = 0

    /// - Parameter now: in nanoseconds.
    mutating func begin(now: Int64) {
        if running == 0, done == 0 { start = now }
        running += 1
    }

    /// - Parameters:
    ///   - now: in nanoseconds.
    ///   - more: whether other recoveries wait for their turn.
    /// - Returns: what to log, if this was the last one.
    mutating func end(now: Int64, more: Bool) -> (count: Int, nanoseconds: Int64)? {
        running -= 1
        guard running == 0, !more, done > 0 else { return nil }
        defer { done = 0 }
        return (done, now - start)
    }
}
