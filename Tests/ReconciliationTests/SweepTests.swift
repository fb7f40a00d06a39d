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
    @Test("returns every lapsed hold of every partition, none before its time")
    func returns() async throws {
        try await withStage("sweep") { loop, stage in
            let copy = try await RunningCopy("a", redis: stage.redis.socketURL, postgres: stage.url)
            try await eventually(loop, "open") { try await stage.isSettled() }
            var events: [EventID] = []
            for number in 1...8 { events.append(try await stage.event(UInt64(number), capacity: 100, hold: 1)) }
            let kept = try await stage.claim(events[0])
            try await stage.confirm(kept)
            // More of one event than one call returns.
            for event in events { for _ in 0..<(event == events[1] ? 90 : 10) { _ = try await stage.claim(event) } }
            try await eventually(loop, "all are returned and written down") {
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
            print("the sweeper came at most \(late) ms after the deadline")
            try await eventually(loop, "settled") { try await stage.isSettled() }
            await copy.stop()
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement(events)
        }
    }

    @Test("of an event that is broken keeps no other event from being swept")
    func broken() async throws {
        try await withStage("sweep_broken") { loop, stage in
            let copy = try await openedCopy(stage)
            var events: [EventID] = []
            for number in 1...8 { events.append(try await stage.event(UInt64(number), capacity: 10, hold: 1)) }
            for event in events { _ = try await stage.claim(event) }
            // Of each partition the one that lapses first.
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

    @Test("of a partition whose index is broken keeps no other partition from being swept")
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

    /// Of these events, each with a hold that lapses, all are swept, and no others.
    private func expectSwept(
        _ events: [EventID], by copy: Reconciler, _ stage: Stage, _ loop: EventLoop,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually(loop, "the others are returned") {
            _ = await copy.sweeper.sweep()
            for event in events where try await stage.counters(event).available < 10 { return false }
            return true
        }
        #expect(copy.report.counts.expired == events.count, sourceLocation: sourceLocation)
    }
}
