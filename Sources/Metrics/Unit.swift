/// What numbers are measured in, and so how they are told.
enum Unit: Sendable {
    /// Told in seconds.
    case nanoseconds
    /// Told as they are.
    case pieces

    func told(_ value: Int) -> String {
        switch self {
        case .pieces: "\(value)"
        case .nanoseconds: "\(Double(value) / 1e9)"
        }
    }
}
