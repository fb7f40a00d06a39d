import ProtocolModel
import Testing

@Suite("Protocol model")
struct ProtocolTests {
    @Test("has no violation in any world small enough to search completely", arguments: small)
    func violatesNothing(_ scenario: Scenario) {
        var search = Search(scenario.sound)
        let outcome = search.run()
        print("\(scenario): \(outcome.states) states, depth \(outcome.depth), \(outcome.time)")
        #expect(outcome.violation == .none, "\(outcome.trace.joined(separator: "\n"))")
        #expect(outcome.isExhaustive)
    }

    @Test("shows what each rule is for, by the shortest counterexample without it", arguments: Scenario.broken)
    func needsRules(_ scenario: Scenario) {
        var search = Search(scenario.setup)
        let outcome = search.run()
        let rules = scenario.without.map { "\($0)" }.joined(separator: " and ")
        print("without \(rules), after \(outcome.states) states, \(outcome.time): \(outcome.violation.words)")
        for (number, step) in outcome.trace.enumerated() { print("  \(number + 1). \(step)") }
        #expect(outcome.violation == scenario.violation)
        // With all rules, the same world has no violation up to the counterexample's depth.
        search = Search(scenario.sound)
        let sound = search.run(depth: outcome.depth)
        #expect(sound.violation == .none, "\(sound.trace.joined(separator: "\n"))")
    }

    @Test("has a counterexample for every rule")
    func complete() {
        let shown = Set(Scenario.broken.flatMap(\.without))
        #expect(Rule.allCases.filter { !shown.contains($0) }.isEmpty)
    }

    private static let small = Scenario.sound.filter(\.isSmall)
}
