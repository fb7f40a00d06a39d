import Foundation
import Support
import Testing

/// Money moves exactly once, whatever fails.
@Suite("Money", .serialized)
struct MoneyTests {
    /// Bookings of both gateways' runs together; `USHER_TEST_BOOKINGS` overrides it.
    private static let bookings =
        ProcessInfo.processInfo.environment["USHER_TEST_BOOKINGS"].flatMap { Int($0) } ?? 1000

    @Test("every charge ends confirmed or refunded, and all ledgers agree", arguments: MoneyWorld.Gateway.allCases)
    func agrees(gateway: MoneyWorld.Gateway) async throws {
        let seed = SeededGenerator.fromEnvironment().seed
        let world = try MoneyWorld(gateway, seed: seed)
        let wrong = try await MoneySimulator(world, seed: seed, bookings: Self.bookings / 2).run()
        #expect(wrong == [], "seed \(seed)")
    }

    @Test(
        "a planted bug is found",
        arguments: ["new-key", "early-acknowledgement", "late-record", "expiry-in-payment"])
    func plantedBugs(bug: String) async throws {
        var seeds = SeededGenerator.fromEnvironment()
        var found: [String] = []
        var tried = 0
        while found.isEmpty, tried < 20 {
            tried += 1
            let seed = seeds.next()
            let world = try MoneyWorld(.http, seed: seed, bug: bug)
            found = try await MoneySimulator(world, seed: seed, bookings: 150).run()
        }
        print("\(bug): found after \(tried) seeds: \(found.prefix(2))")
        #expect(!found.isEmpty)
    }
}
