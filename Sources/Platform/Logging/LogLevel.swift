/// The severity of a log line.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    /// For debugging: every request.
    case debug
    /// Normal operation: every request that changes something.
    case info
    /// Unexpected, but recovers by itself.
    case warning
    /// Needs an operator's attention.
    case error

    /// The level with this name.
    package init?(_ name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    /// The name in log lines and in `USHER_LOG`.
    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
