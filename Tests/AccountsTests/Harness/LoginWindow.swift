import Text

/// Attempts over a sliding window, as `lua/login_limit.lua` counts them: a value without a clock.
struct LoginWindow {
    private struct Attempt {
        let id: String
        let at: Int64
    }
    private var attempts: [ExactText: [Attempt]] = [:]
    private let maximumKeys: Int

    /// - Parameter maximumKeys: most accounts and addresses that are counted at a time.
    init(maximumKeys: Int = 10_000) { self.maximumKeys = maximumKeys }

    /// Counts an attempt.
    ///
    /// - Parameters:
    ///   - limit: most attempts in a window.
    ///   - window: milliseconds.
    ///   - now: milliseconds.
    /// - Returns: 0, or the milliseconds until the oldest attempt leaves the window: refused, and not counted.
    mutating func begin(_ name: String, _ id: String, limit: Int, window: Int64, now: Int64) -> Int64 {
        let key = ExactText(name)
        let current = (attempts[key] ?? []).filter { $0.at > now - window }
        guard current.count < limit else { return max(1, current[0].at + window - now) }
        if attempts[key] == nil, attempts.count >= maximumKeys {
            attempts = attempts.filter { $0.value.contains { $0.at > now - window } }
            // Whoever fills the table must not get attempts for free by it.
            if attempts.count >= maximumKeys { return window }
        }
        attempts[key] = current + [Attempt(id: id, at: now)]
        return 0
    }

    /// Takes an attempt out again.
    mutating func withdraw(_ name: String, _ id: String) {
        let key = ExactText(name)
        attempts[key]?.removeAll { $0.id == id }
        if attempts[key]?.isEmpty == true { attempts[key] = nil }
    }
}
