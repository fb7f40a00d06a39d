import BoxOffice
import Foundation
import Loops
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Concurrent histories")
struct ConcurrentHistoriesTests {
    /// The number of transitions to reach; `USHER_TEST_TRANSITIONS` overrides it.
    private static let transitions =
        ProcessInfo.processInfo.environment["USHER_TEST_TRANSITIONS"].flatMap { Int64($0) } ?? 10_000
    private static let hands = 8

    @Test("end without verdicts or dead letters: random orders, partial cancellations, three replicas losing leases")
    func none() async throws {
        try await withStage("verdicts") { loop, stage in
            var copies: [RunningCopy] = []
            for owner in ["a", "b", "c"] {
                copies.append(
                    try await RunningCopy(
                        owner, redis: stage.redis.socketURL, postgres: stage.url, retained: .seconds(5)))
            }
            try await eventually(loop, "open") { try await stage.isSettled() }
            var random = SeededGenerator.fromEnvironment()
            let work = try await Work(stage, hands: Self.hands, &random)
            var lookAt = ContinuousClock.now
            while work.isGoingOn {
                await loop.sleep(for: .milliseconds(50))
                guard ContinuousClock.now > lookAt else { continue }
                lookAt += .seconds(1)
                if Bool.random(using: &random) {
                    try await stage.lapse(["a", "b", "c"].randomElement(using: &random) ?? "a")
                }
                if try await made(stage) >= Self.transitions { work.isOver = true }
            }
            if let failure = work.failure { throw failure }
            // Holds keep expiring for as long as a replica sweeps.
            var reports: [ReconcilerReport.Counts] = []
            for copy in copies {
                reports.append(await copy.report())
                await copy.stop()
            }
            await stage.settle(try stage.copy("d"))
            for var history in work.histories { try await history.expectAgreement() }
            try await expectNothing(stage, reports)
        }
    }

    private func made(_ stage: Stage) async throws -> Int64 {
        try await stage.number("SELECT coalesce(sum(version), 0)::bigint FROM bookings")
    }

    private func expectNothing(_ stage: Stage, _ reports: [ReconcilerReport.Counts]) async throws {
        let verdicts = try await stage.number("SELECT count(*) FROM verdicts")
        let letters = try await stage.number("SELECT count(*) FROM dead_letters")
        #expect(verdicts == 0 && letters == 0)
        #expect(reports.allSatisfy { $0.deadLetters == 0 && $0.verdicts == 0 })
        let entries = reports.map(\.entries)
        #expect(entries.count { $0 > 0 } > 1)
        let rows = try await stage.number("SELECT count(*) FROM bookings")
        print("\(try await made(stage)) transitions of \(rows) bookings; entries persisted by each replica: \(entries)")
    }
}

/// Several concurrent clients, each with halls of its own.
private final class Work {
    var isOver = false
    private(set) var histories: [SeatHistory] = []
    private(set) var failure: (any Error)?
    private var left = 0

    var isGoingOn: Bool { left > 0 }

    init(_ stage: Stage, hands: Int, _ random: inout SeededGenerator) async throws {
        for hand in 0..<hands {
            let own = SeededGenerator(seed: random.next())
            histories.append(try await SeatHistory(stage, own, first: UInt64(4 * hand + 1)))
        }
        left = hands
        for hand in 0..<hands { stage.loop.spawn { [self] in await act(hand) } }
    }

    private func act(_ hand: Int) async {
        var history = histories[hand]
        do {
            while !isOver { try await history.act() }
        } catch {
            failure = error
            isOver = true
        }
        histories[hand] = history
        left -= 1
    }
}
