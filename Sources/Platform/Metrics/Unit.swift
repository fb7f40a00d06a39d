/// The unit of a metric's numbers, which determines how they are rendered.
enum Unit: Sendable {
    /// Rendered in seconds.
    case nanoseconds
    /// Rendered unchanged.
    case pieces

    func told(_ value: Int) -> String {
        switch self {
        case .pieces: "\(value)"
        case .nanoseconds: "\(Double(value) / 1e9)"
        }
    }
}
