/// A world to search, and the rules that are removed from it.
package struct Scenario: Sendable, CustomStringConvertible {
    /// What happens in this world.
    package let description: String
    /// The removed rules.
    package let without: [Rule]
    /// The violation that results.
    package let violation: Violation
    /// Whether it can be searched completely in a debug build within a few seconds.
    package let isSmall: Bool
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

    /// The world without these rules.
    package var setup: Setup {
        var setup = size
        setup.rules = Rules(without: without)
        return setup
    }

    /// The world with all rules.
    package var sound: Setup { size }
}
