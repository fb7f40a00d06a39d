import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Stores that fail during a batch")
struct FailureTests {
    /// Waits until a backend waits for `event`; returns its process id.
    private func waiting(_ loop: EventLoop, _ stage: Stage, for event: String) async throws -> Int64 {
        var process: Int64 = 0
        try await eventually(loop, "a backend waits for \(event)") {
            process = try await stage.number(
                """
                SELECT coalesce(max(pid), 0) FROM pg_stat_activity
                WHERE datname = current_database() AND $1 IN (wait_event, wait_event_type)
                """, [.text(event)])
            return process != 0
        }
        return process
    }

    /// Runs `body` while the rows of tiers are locked, so that a batch blocks half-way.
    private func withLockedTiers(
        _ stage: Stage, _ body: nonisolated(nonsending) () async throws -> Void
    ) async throws {
        struct Undo: Error {}
        do {
            try await stage.pool.transaction { connection in
                _ = try await connection.query("SELECT id FROM tiers FOR UPDATE")
                try await body()
                throw Undo()
            }
        } catch is Undo {}
    }

    @Test("a COMMIT that succeeded but whose reply was lost is detected, acknowledged, and not repeated")
    func committed() async throws {
        var options = PostgresServerProcess.Options()
        // A commit that waits for this standby succeeds when its session is terminated, and its client gets no reply.
        options.settings = ["synchronous_standby_names=nobody", "synchronous_commit=local"]
        let server = try PostgresServerProcess(options)
        try await withStage("committed", postgres: server) { loop, stage in
            let healthy = try await openedCopy(stage)
            let heard = try await stage.listen()
            defer { heard.subscriber.close() }
            let event = try await stage.event(1, capacity: 9)
            let booking = try await stage.claim(event)
            try await stage.confirm(booking)
            let copy = try stage.copy("a", url: stage.url + "?options=-csynchronous_commit%3Don")
            _ = try await copy.inventory.now()
            _ = copy.leases.adopt(Array(healthy.leases.rows.values))
            var isDone = false
            loop.spawn {
                _ = await copy.persistAll()
                isDone = true
            }
            let process = try await waiting(loop, stage, for: "SyncRep")
            try await stage.execute("SELECT pg_terminate_backend(\(process))")
            await eventually(loop, "the replica gave up") { isDone }
            #expect(copy.report.lastFailure.contains("outcome unknown"))
            let cursor = try await stage.row(event).cursor
            let last = try await stage.lastEntry(stage.inventory.keys.partition(of: event))
            #expect(cursor == last)
            await eventually(loop, "the batch is acknowledged") {
                _ = await copy.persistAll()
                return heard.messages.contains { $0.hasPrefix("\(booking) 3 ") }
            }
            #expect(copy.report.counts.entries == 0)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("a COMMIT that failed and whose reply was lost is repeated once")
    func notCommitted() async throws {
        try await withStage("not_committed") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            for _ in 0..<5 { _ = try await stage.claim(event) }
            try await stage.execute(
                """
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
                """)
            try await stage.execute(
                """
                CREATE CONSTRAINT TRIGGER die AFTER INSERT ON bookings DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION die()
                """)
            _ = await copy.persistAll()
            #expect(copy.report.lastFailure.contains("outcome unknown"))
            let rows = try await stage.number("SELECT count(*) FROM bookings")
            #expect(rows == 0)
            try await stage.execute("DROP TRIGGER die ON bookings")
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("PostgreSQL terminates the session in the middle of a batch")
    func terminated() async throws {
        try await withStage("terminated") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            for _ in 0..<5 { _ = try await stage.claim(event) }
            try await withLockedTiers(stage) {
                loop.spawn { _ = await copy.persistAll() }
                let process = try await waiting(loop, stage, for: "Lock")
                try await stage.execute("SELECT pg_terminate_backend(\(process))")
                await eventually(loop, "the failure is reported") { !copy.report.lastFailure.isEmpty }
            }
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("Redis restarts in the middle of a batch")
    func redisRestarts() async throws {
        try await withStage("redis_restarts", appendFsync: "always") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            for _ in 0..<5 { _ = try await stage.claim(event) }
            var isDone = false
            try await withLockedTiers(stage) {
                loop.spawn {
                    _ = await copy.persistAll()
                    isDone = true
                }
                _ = try await waiting(loop, stage, for: "Lock")
                stage.redis.kill()
                try stage.redis.start()
            }
            await eventually(loop, "the batch has ended") { isDone }
            await stage.settle(copy)
            let epoch = try await stage.row(event).epoch
            #expect(epoch == 2)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("expired holds are released even while PostgreSQL hangs")
    func sweepsAlone() async throws {
        try await withStage("sweeps_alone") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9, hold: 1)
            let runner = try await RunningCopy("b", redis: stage.redis.socketURL, postgres: stage.url)
            try await stage.lapse("a")
            try await eventually(loop, "replica b has the partitions") { try await stage.row(event).owner == "b" }
            _ = copy
            try await withLockedTiers(stage) {
                for _ in 0..<5 { _ = try await stage.claim(event) }
                _ = try await waiting(loop, stage, for: "Lock")
                try await eventually(loop, "all units are released") { try await stage.counters(event).available == 9 }
            }
            try await eventually(loop, "everything is persisted") { try await stage.isSettled() }
            await runner.stop()
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }
}
