import BoxOffice
import Foundation
import Loops
import Records
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Random histories of seats")
struct SeatHistoriesTests {
    /// The number of commands; `USHER_TEST_STEPS` overrides it.
    private static let steps =
        ProcessInfo.processInfo.environment["USHER_TEST_STEPS"].flatMap { Int($0) } ?? 4000

    @Test("seats, units, parts, blocks and capacities are the same in both stores once everything is persisted")
    func histories() async throws {
        try await withStage("seats") { loop, stage in
            let copy = try await openedCopy(stage)
            var history = try await SeatHistory(stage, SeededGenerator.fromEnvironment())
            for step in 1...Self.steps {
                try await history.act()
                if history.isDue(in: 20) { _ = await copy.persistAll() }
                if history.isDue(in: 100) { _ = await copy.sweeper.sweep() }
                if step.isMultiple(of: Self.steps / 4) {
                    await stage.settle(copy)
                    try await history.expectAgreement()
                }
                if step == Self.steps / 2 {
                    // Everything is persisted, so Redis can be restored completely from PostgreSQL.
                    stage.redis.kill()
                    try stage.redis.start()
                    await stage.settle(copy)
                    try await history.expectAgreement()
                }
            }
            try await stage.expectOutboxIsWritten()
            #expect(copy.report.counts.deadLetters == 0)
            print(
                "done: \(history.done.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))"
            )
            for word in ["held", "blocked", "unblocked", "part", "updated", "confirmed", "replaced", "taken"] {
                #expect(history.done[word] ?? 0 > 0, "\(word)")
            }
        }
    }
}
