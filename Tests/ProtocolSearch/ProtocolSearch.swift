import Glibc
import ProtocolModel

/// `make model`: searches every world of the protocol model, and shows what each rule is for.
///
/// `DEPTH` bounds the steps (default: no bound), `STATES` the states of one world (default: thirty million).
@main
struct ProtocolSearch {
    static func main() {
        let depth = number("DEPTH")
        let states = number("STATES") ?? 30_000_000
        var failures = 0
        for scenario in Scenario.sound {
            let outcome = search(scenario.sound, depth, states)
            report(scenario, outcome)
            if outcome.violation != .none { failures += 1 }
        }
        for scenario in Scenario.broken {
            let outcome = search(scenario.setup, depth, states)
            print("\nwithout \(scenario.without.map { "\($0)" }.joined(separator: " and ")):")
            report(scenario, outcome)
            if outcome.violation != scenario.violation, outcome.isExhaustive || outcome.violation != .none {
                print("EXPECTED: \(scenario.violation.words)")
                failures += 1
            }
        }
        exit(failures == 0 ? 0 : 1)
    }

    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    private static func search(_ setup: Setup, _ depth: Int?, _ states: Int) -> Search.Outcome {
        var search = Search(setup)
        return search.run(depth: depth, states: states)
    }

    private static func report(_ scenario: Scenario, _ outcome: Search.Outcome) {
        let extent = outcome.isExhaustive ? "all" : "bounded"
        print(
            "\(scenario): \(outcome.states) states (\(extent)), depth \(outcome.depth), \(outcome.time): \(outcome.violation.words)"
        )
        for (number, step) in outcome.trace.enumerated() { print("  \(number + 1). \(step)") }
        fflush(nil)
    }
}
