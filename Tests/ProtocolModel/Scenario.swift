/// A world that is searched, and the rules that are taken away from it.
public struct Scenario: Sendable, CustomStringConvertible {
    /// What happens in it.
    public let description: String
    /// Rules that do not hold in it.
    public let without: [Rule]
    /// What is violated then.
    public let violation: Violation
    /// Whether it can be searched whole, without optimisation, in a few seconds.
    public let isSmall: Bool
    private let size: Setup

    init(
        _ description: String, without: [Rule] = [], _ violation: Violation = .none, isSmall: Bool = true,
        _ change: (inout Setup) -> Void
    ) {
        var size = Setup()
        change(&size)
        self.description = description
        self.without = without
        self.violation = violation
        self.isSmall = isSmall
        self.size = size
    }

    /// The world as it is.
    public var setup: Setup {
        var setup = size
        setup.rules = Rules(without: without)
        return setup
    }

    /// The world with all rules.
    public var sound: Setup { size }
}
