import Text

/// A model of `lua/login_limit.lua`: attempts within a sliding window. A value type without a clock.
struct LoginWindow {
    private struct Attempt {
        let id: String
        let at: Int64
    }
    private var attempts: [ExactText: [Attempt]] = [:]
    private let maximumKeys: Int

    /// - Parameter maximumKeys: the most accounts and addresses that are counted at a time.
    init(maximumKeys: Int = 10_000) { self.maximumKeys = maximumKeys }

    /// Counts an attempt.
    ///
    /// - Parameters:
    ///   - limit: the most attempts in a window.
    ///   - window: milliseconds.
    ///   - now: milliseconds.
    /// - Returns: 0 if counted; if refused, the milliseconds until the oldest attempt leaves the window.
    mutating func begin(_ name: String, _ id: String, limit: Int, window: Int64, now: Int64) -> Int64 {
        let key = ExactText(name)
        let current = (attempts[key] ?? []).filter { $0.at > now - window }
        guard current.count < limit else { return max(1, current[0].at + window - now) }
        if attempts[key] == nil, attempts.count >= maximumKeys {
            attempts = attempts.filter { $0.value.contains { $0.at > now - window } }
            // Filling the table must not give an attacker uncounted attempts.
            if attempts.count >= maximumKeys { return window }
        }
        attempts[key] = current + [Attempt(id: id, at: now)]
        return 0
    }

    /// Removes an attempt.
    mutating func withdraw(_ name: String, _ id: String) {
        let key = ExactText(name)
        attempts[key]?.removeAll { $0.id == id }
        if attempts[key]?.isEmpty == true { attempts[key] = nil }
    }
}
