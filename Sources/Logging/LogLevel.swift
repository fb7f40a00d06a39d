/// How much a line matters.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    /// For whoever looks for a fault: every request.
    case debug
    /// What was done: every request that changes something.
    case info
    /// What should not be, and mends itself.
    case warning
    /// What somebody has to look at.
    case error

    /// The level of this name.
    public init?(_ name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    /// As lines and `USHER_LOG` have it.
    public var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// Lower is less important.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
