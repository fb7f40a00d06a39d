/// Limits how many refusals of unknown callers become entries of their own. A value without a clock.
///
/// Password guessing must not fill PostgreSQL. Refusals beyond the budget of a minute are counted, by address, and
/// become one entry when the minute is over: a process writes at most `total` + 1 entries per minute and loop.
struct RefusalBudget {
    /// Entries per address and minute.
    static let perAddress = 5
    /// Entries of all addresses together, per minute.
    static let total = 30
    /// A minute, in milliseconds.
    static let window: Int64 = 60_000
    /// Most addresses that are counted separately.
    private static let addressLimit = 1000
    /// Most addresses that the summary names.
    private static let namedAddresses = 10

    private var windowEnd: Int64 = 0
    private var admitted: [String: Int] = [:]
    private var admittedInAll = 0
    private var suppressed: [String: Int] = [:]
    private var suppressedInAll = 0

    /// Whether a refusal gets an entry of its own; if not, it is only counted.
    ///
    /// - Parameter now: milliseconds of a monotonic clock.
    mutating func admits(_ address: String, now: Int64) -> Bool {
        if now >= windowEnd, suppressedInAll == 0 {
            self = RefusalBudget()
            windowEnd = now + Self.window
        }
        let count = admitted[address] ?? 0
        if now < windowEnd, count < Self.perAddress, admittedInAll < Self.total {
            admitted[address] = count + 1
            admittedInAll += 1
            return true
        }
        suppressedInAll += 1
        if suppressed[address] != nil || suppressed.count < Self.addressLimit { suppressed[address, default: 0] += 1 }
        return false
    }

    /// When `summary` is due; `nil` while nothing was counted.
    var summaryTime: Int64? { suppressedInAll > 0 ? windowEnd : nil }

    /// Summarizes the counted refusals for people, and starts the next window.
    mutating func summary() -> String? {
        guard suppressedInAll > 0 else { return nil }
        let most = suppressed.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.namedAddresses)
        let names = most.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
        let text = "\(suppressedInAll) more failed logins and refused calls within a minute, most from \(names)"
        self = RefusalBudget()
        return text
    }
}
