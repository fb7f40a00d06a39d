import BoxOffice
import Loops
import PostgresClient
import Records
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Two replicas")
struct LeaseTests {
    @Test("a replica that lost its lease persists nothing, recovers nothing, and drops the partition")
    func late() async throws {
        try await withStage("late") { _, stage in
            let late = try await openedCopy(stage, "late")
            let event = try await stage.event(1, capacity: 9)
            _ = try await stage.claim(event)
            let looks = try await late.reader.scan(late.leases.states.map(\.row))
            let look = try #require(looks.first { !$0.batch.isEmpty })
            try await stage.lapse("late")
            let heir = try stage.copy("heir")
            await heir.keeper.beat()
            #expect(heir.leases.partitions.count == Stage.partitionCount)
            // The heir has persisted nothing yet, so the cursor alone would not refuse the batch.
            for _ in 0..<2 {
                guard case .unsure = await late.persister.persist(look.row, look.batch),
                    case .unsure = await late.recovery.recover(look.row)
                else {
                    Issue.record("the late replica continued")
                    return
                }
                let written = try await stage.number("SELECT count(*) FROM bookings")
                let row = try await stage.row(event)
                #expect(written == Int64(heir.report.counts.entries) && row.epoch == look.row.epoch)
                await stage.settle(heir)
            }
            #expect(late.report.counts.entries == 0 && heir.report.counts.entries == 1)
            _ = try await stage.claim(event)
            _ = await late.persistAll()
            #expect(late.leases[look.row.partition] == nil)
            await stage.settle(heir)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    /// Where a batch waits when its replica stalls.
    enum Place: String, CaseIterable {
        /// In its first statement. All are sent already: the batch is persisted, and the other replica acknowledges it.
        case fence = "SELECT id FROM partitions FOR UPDATE"
        /// In its last statement.
        case tiers = "SELECT id FROM tiers FOR UPDATE"
    }

    @Test(
        "one stalls in the middle of a batch: the other takes over, and the first does no harm when it wakes",
        arguments: Place.allCases)
    func stalled(_ place: Place) async throws {
        try await withStage("stalled_\(place)".lowercased()) { loop, stage in
            let first = try await RunningCopy("first", redis: stage.redis.socketURL, postgres: stage.url)
            try await eventually(loop, "open") { try await stage.isSettled() }
            let event = try await stage.event(1, capacity: 20)
            var second: RunningCopy?
            struct Undo: Error {}
            do {
                try await stage.pool.transaction { connection in
                    _ = try await connection.query(place.rawValue)
                    for _ in 0..<5 { _ = try await stage.claim(event) }
                    try await eventually(loop, "a batch waits") {
                        try await stage.number(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                            """) == 1
                    }
                    first.stall()
                    throw Undo()
                }
            } catch is Undo {}
            // The stalled session locks the partition's row until PostgreSQL ends the session or its batch.
            let start = ContinuousClock.now
            second = try await RunningCopy("second", redis: stage.redis.socketURL, postgres: stage.url)
            for _ in 0..<5 { _ = try await stage.claim(event) }
            try await eventually(loop, "the other replica has taken over") { try await stage.isSettled() }
            print("taken over after \(ContinuousClock.now - start)")
            first.wake()
            try await eventually(loop, "both share the partitions") {
                try await stage.number("SELECT count(DISTINCT owner) FROM partitions") == 2
            }
            let report = await first.report()
            #expect(report.entries > 0)
            for _ in 0..<5 { _ = try await stage.claim(event) }
            try await eventually(loop, "everything is persisted") { try await stage.isSettled() }
            await first.stop()
            await second?.stop()
            let epoch = try await stage.row(event).epoch
            #expect(epoch == 1)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("a replica that is stopped releases its leases")
    func stopped() async throws {
        try await withStage("stopped") { loop, stage in
            let first = try await RunningCopy("first", redis: stage.redis.socketURL, postgres: stage.url)
            try await eventually(loop, "open") { try await stage.isSettled() }
            await first.stop()
            let owned = try await stage.number(
                "SELECT count(owner) + (SELECT count(*) FROM reconcilers) FROM partitions")
            #expect(owned == 0)
        }
    }
}
