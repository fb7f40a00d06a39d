import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("A recovery")
struct RecoveryTests {
    @Test("the first start is a recovery of nothing")
    func first() async throws {
        try await withStage("first") { _, stage in
            let event = try await stage.event(1, capacity: 9, isInRedis: false)
            let copy = try await openedCopy(stage)
            #expect(copy.report.counts.recoveries == Stage.partitionCount)
            let counters = try await stage.counters(event)
            #expect(counters.available == 9)
            let again = await copy.persistAll()
            #expect(!again && copy.report.counts.recoveries == Stage.partitionCount)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
        }
    }

    @Test("of a Redis that kept everything loses nothing, persisted or not")
    func allData() async throws {
        // With `everysec`, a busy disk may delay even the write, and SIGKILL then loses it.
        try await withStage("all_data", appendFsync: "always") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let sold = try await stage.claim(event, quantity: 2)
            try await stage.confirm(sold)
            await stage.settle(copy)
            let held = try await stage.claim(event, quantity: 3)
            stage.redis.kill()
            try stage.redis.start()
            await stage.settle(copy)
            let row = try await stage.row(event)
            #expect(row.epoch == 2)
            let counters = try await stage.counters(event)
            #expect(counters.sold == 2 && counters.held == 3)
            try await stage.expectOutboxIsWritten()
            // The recovered hold can be paid for.
            try await stage.confirm(held)
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("of an empty Redis restores what was persisted; holds expire at their original time")
    func empty() async throws {
        try await withStage("empty", appendOnly: false) { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let brief = try await stage.event(2, capacity: 50, hold: 1)
            let sold = try await stage.claim(event, quantity: 2)
            try await stage.confirm(sold)
            let held = try await stage.claim(event, quantity: 3)
            _ = try await stage.claim(brief, quantity: 4)
            await stage.settle(copy)
            _ = try await stage.claim(event, user: "lost", quantity: 5)
            stage.redis.kill()
            try stage.redis.start()
            await stage.settle(copy)
            let counters = try await stage.counters(event)
            #expect(counters.sold == 2 && counters.held == 3 && counters.available == 45)
            let users = try await stage.inventory.command(["HKEYS", stage.inventory.keys.event(event)]).array
            #expect(users?.compactMap(\.string).filter { $0.hasPrefix("u") } == ["uann"])
            let totals = try await stage.inventory.command(["HGET", stage.inventory.keys.event(event), "uann"])
            #expect(totals.string == "5 2")
            try await eventually(loop, "the brief hold is released") {
                _ = await copy.sweeper.sweep()
                return try await stage.counters(brief).available == 50
            }
            try await stage.confirm(held)
            await stage.settle(copy)
            try await stage.expectAgreement([event, brief])
        }
    }

    @Test("that fails half-way through a long tail is followed by one that persists the rest")
    func halfWay() async throws {
        try await withStage("half_way", appendFsync: "always") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 1300)
            for _ in 0..<1200 { _ = try await stage.claim(event) }
            try await stage.execute(
                """
                CREATE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF (SELECT count(*) FROM bookings) > 600 THEN RAISE EXCEPTION 'no more' USING ERRCODE = '53100'; END IF;
                    RETURN NULL; END $$
                """)
            try await stage.execute(
                "CREATE TRIGGER full_up AFTER INSERT ON bookings FOR EACH STATEMENT EXECUTE FUNCTION full_up()")
            stage.redis.kill()
            try stage.redis.start()
            try await eventually(loop, "a part is persisted and a recovery has failed") {
                _ = await copy.persistAll()
                return try await stage.number("SELECT count(*) FROM bookings") >= 500
                    && copy.report.lastFailure.contains("53100")
            }
            let failed = try await stage.row(event)
            #expect(failed.epoch >= 2 && failed.lineage == 1)
            try await stage.execute("DROP TRIGGER full_up ON bookings")
            await stage.settle(copy)
            let written = try await stage.number("SELECT count(*) FROM bookings")
            #expect(written == 1200)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("of a Redis whose history PostgreSQL has moved on from skips its outbox tail")
    func otherPast() async throws {
        try await withStage("other_past") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let real = try await stage.claim(event)
            await stage.settle(copy)
            let never = try await stage.claim(event)
            let partition = stage.inventory.keys.partition(of: event)
            // As if a lagging replica had been promoted, and then the old primary came back.
            _ = try await stage.inventory.command(["HSET", stage.inventory.keys.meta(partition), "lineage", "0"])
            stage.redis.kill()
            try stage.redis.start()
            await stage.settle(copy)
            let later = try await stage.claim(event)
            // The next recovery does not persist the skipped tail either.
            stage.redis.kill()
            try stage.redis.start()
            await stage.settle(copy)
            let versions = try await stage.bookings.versions(of: [real, never, later])
            #expect(versions == [real: 1, later: 1])
            try await stage.expectAgreement([event])
        }
    }

    @Test("during which Redis restarts is repeated: loaded data may be lost")
    func restartedMeanwhile() async throws {
        try await withStage("restarted_meanwhile") { loop, stage in
            let event = try await stage.event(1, capacity: 50, isInRedis: false)
            let partition = stage.inventory.keys.partition(of: event)
            let copy = try stage.copy("a")
            _ = try await copy.inventory.now()
            await copy.keeper.beat()
            let row = try #require(copy.leases[partition]?.row)
            var progress: PartitionProgress?
            struct Undo: Error {}
            do {
                try await stage.pool.transaction { connection in
                    _ = try await connection.query("LOCK TABLE booking_items IN ACCESS EXCLUSIVE MODE")
                    loop.spawn { progress = await copy.recovery.recover(row) }
                    try await eventually(loop, "the event is loaded") {
                        try await stage.inventory.command(["DEL", stage.inventory.keys.event(event)]).integer == 1
                    }
                    stage.redis.kill()
                    try stage.redis.start()
                    await eventually(loop, "Redis is connected again") {
                        (try? await copy.inventory.now()) != nil && copy.inventory.connection.isReady
                    }
                    throw Undo()
                }
            } catch is Undo {}
            await eventually(loop, "the recovery has ended") { progress != nil }
            guard case .unsure? = progress else {
                Issue.record("the partition was opened without its event")
                return
            }
            await stage.settle(copy)
            let counters = try await stage.counters(event)
            #expect(counters.available == 50)
        }
    }

    /// Resets PostgreSQL to its state before anything was persisted.
    private func fallBack(_ stage: Stage) async throws {
        try await stage.execute("TRUNCATE event_seats, booking_items, payments, bookings")
        try await stage.execute("UPDATE tiers SET held = 0, sold = 0")
        try await stage.execute("UPDATE partitions SET last_ms = 0, last_seq = 0, lineage = 0")
    }

    @Test("is not needed when PostgreSQL falls back: PostgreSQL is refilled from the outbox")
    func refills() async throws {
        try await withStage("refills") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let booking = try await stage.claim(event)
            try await stage.confirm(booking)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            try await fallBack(stage)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            #expect(copy.report.counts.recoveries == Stage.partitionCount)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("leaves a partition closed if its outbox no longer has what PostgreSQL lost", arguments: [false, true])
    func gap(redisLostItsOutbox: Bool) async throws {
        try await withStage("gap_\(redisLostItsOutbox)") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 500)
            for _ in 0..<300 { _ = try await stage.claim(event) }
            await stage.settle(copy)
            if redisLostItsOutbox {
                _ = try await stage.inventory.command(["FLUSHALL"])
                await stage.settle(copy)
            } else {
                copy.trimmer.retained = .zero
                await copy.trimmer.trimAll()
            }
            try await fallBack(stage)
            // The gap is detected with the next batch, which is refused.
            _ = try await stage.claim(event)
            try await eventually(loop, "the partition is closed") {
                _ = await copy.persistAll()
                let state = try await stage.inventory.state(of: stage.inventory.keys.partition(of: event))
                return !state.isOpen && copy.report.lastFailure.contains("is closed")
            }
            let rows = try await stage.number("SELECT count(*) FROM bookings")
            #expect(rows == 0)
            await #expect(throws: InventoryError.self) { _ = try await stage.claim(event) }
        }
    }

    @Test("raises the epoch above that in Redis when PostgreSQL fell back")
    func higherEpoch() async throws {
        try await withStage("higher_epoch") { _, stage in
            let copy = try await openedCopy(stage)
            try await stage.execute("UPDATE partitions SET epoch = 0")
            _ = try await stage.inventory.command(["HSET", stage.inventory.keys.meta(Partition(2)), "epoch", "70"])
            copy.leases.removeAll()
            await stage.settle(copy)
            let row = try await stage.partitions.row(Partition(2))
            #expect(row?.epoch == 71)
        }
    }
}
