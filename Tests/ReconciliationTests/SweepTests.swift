import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("The sweep")
struct SweepTests {
    @Test("releases every expired hold of every partition, none before its deadline")
    func returns() async throws {
        try await withStage("sweep") { loop, stage in
            let copy = try await RunningCopy("a", redis: stage.redis.socketURL, postgres: stage.url)
            try await eventually(loop, "open") { try await stage.isSettled() }
            var events: [EventID] = []
            for number in 1...8 { events.append(try await stage.event(UInt64(number), capacity: 100, hold: 1)) }
            let kept = try await stage.claim(events[0])
            try await stage.confirm(kept)
            // One event has more holds than one call releases.
            for event in events { for _ in 0..<(event == events[1] ? 90 : 10) { _ = try await stage.claim(event) } }
            try await eventually(loop, "all are released and persisted") {
                let held = try await stage.number("SELECT sum(held) FROM tiers")
                let expired = try await stage.number("SELECT count(*) FROM bookings WHERE status = 'EXPIRED'")
                return held == 0 && expired == 160
            }
            let early = try await stage.number(
                "SELECT count(*) FROM bookings WHERE status = 'EXPIRED' AND updated_at < expires_at")
            #expect(early == 0)
            let late = try await stage.number(
                """
                SELECT (extract(epoch FROM max(updated_at - expires_at)) * 1000)::bigint FROM bookings
                WHERE status = 'EXPIRED'
                """)
            print("holds were released at most \(late) ms after their deadline")
            try await eventually(loop, "settled") { try await stage.isSettled() }
            await copy.stop()
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement(events)
        }
    }

    @Test("a broken event keeps no other event from being swept")
    func broken() async throws {
        try await withStage("sweep_broken") { loop, stage in
            let copy = try await openedCopy(stage)
            var events: [EventID] = []
            for number in 1...8 { events.append(try await stage.event(UInt64(number), capacity: 10, hold: 1)) }
            for event in events { _ = try await stage.claim(event) }
            // The event of each partition whose hold expires first.
            var partitions: Set<Partition> = []
            let broken = events.filter { partitions.insert(stage.inventory.keys.partition(of: $0)).inserted }
            for event in broken {
                let key = stage.inventory.keys.queue(event)
                _ = try await stage.inventory.pipeline([["DEL", key], ["SET", key, "x"]])
            }
            let healthy = events.filter { !broken.contains($0) }
            #expect(!healthy.isEmpty)
            try await expectSwept(healthy, by: copy, stage, loop)
        }
    }

    @Test("a partition with a broken index keeps no other partition from being swept")
    func brokenIndex() async throws {
        try await withStage("sweep_index") { loop, stage in
            let copy = try await openedCopy(stage)
            var events: [EventID] = []
            for number in 1...8 { events.append(try await stage.event(UInt64(number), capacity: 10, hold: 1)) }
            for event in events { _ = try await stage.claim(event) }
            let whole = stage.inventory.keys.partition(of: events[0])
            for broken in stage.inventory.keys.all where broken != whole {
                let key = stage.inventory.keys.due(broken)
                _ = try await stage.inventory.pipeline([["DEL", key], ["SET", key, "x"]])
            }
            let healthy = events.filter { stage.inventory.keys.partition(of: $0) == whole }
            try await expectSwept(healthy, by: copy, stage, loop)
            #expect(copy.report.lastFailure.contains("WRONGTYPE"))
        }
    }

    /// Checks that exactly these events, each with one expired hold, are swept.
    private func expectSwept(
        _ events: [EventID], by copy: Reconciler, _ stage: Stage, _ loop: EventLoop,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually(loop, "the units of the other events are released") {
            _ = await copy.sweeper.sweep()
            for event in events where try await stage.counters(event).available < 10 { return false }
            return true
        }
        #expect(copy.report.counts.expired == events.count, sourceLocation: sourceLocation)
    }
}
