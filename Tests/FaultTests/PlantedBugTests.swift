import FaultSuite
import Support
import Testing

/// Tests the checker itself: planted bugs must be found.
@Suite("Planted bugs", .serialized)
struct PlantedBugTests {
    private static let bugs: [(bug: String, faults: [Fault])] = [
        ("no-idempotency", [.flushFunctions]),
        ("ack-before-commit", [.killPostgres, .flushAll]),
        ("trim-beyond-cursor", [.stopPostgres]),
        ("run-id-alone", [.failBack]),
        ("delta-counters", [.flushFunctions]),
        ("expiry-by-ttl", [.flushFunctions]),
        ("open-when-missing", [.stopPostgres, .flushAll]),
    ]

    @Test("are caught within 20 seeds", arguments: bugs)
    func found(bug: String, faults: [Fault]) async throws {
        var seeds = SeededGenerator.fromEnvironment()
        let suite = FaultSuite(bug: bug, restLimit: .seconds(8))
        var found: [String] = []
        var tried = 0
        while found.isEmpty, tried < 20 {
            tried += 1
            found = try await suite.run(Schedule(seed: seeds.next(), faults: faults)).violations
        }
        print("\(bug): found after \(tried) seeds: \(found.prefix(2))")
        #expect(!found.isEmpty)
    }
}
