import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Double sales that PostgreSQL refuses")
struct JudgeTests {
    /// In PostgreSQL, sells all but `left` units to other bookings, as if Redis had lost them.
    private func sellElsewhere(_ event: EventID, left: Int, of capacity: Int, _ stage: Stage) async throws {
        _ = try await stage.pool.query(
            "UPDATE tiers SET sold = sold + $2::integer WHERE event_id = $1::uuid",
            [.text(event.description), .integer(Int64(capacity - left))])
    }

    @Test("units already sold: the booking is cancelled, its refund due, its request notified, and neighbours are kept")
    func verdict() async throws {
        try await withStage("verdict") { loop, stage in
            let copy = try await openedCopy(stage)
            let heard = try await stage.listen()
            defer { heard.subscriber.close() }
            let event = try await stage.event(1, capacity: 10)
            let before = try await stage.claim(event, user: "before")
            await stage.settle(copy)
            try await sellElsewhere(event, left: 2, of: 10, stage)
            // Together more than the units left; all in the same partition and batch.
            let fits = try await stage.claim(event, user: "fits")
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,req-1"
            let over = try await stage.claim(event, user: "over", quantity: 2, trace: trace)
            try await stage.confirm(over)
            let group = await stage.claimTogether(event, users: ["x", "y"])
            await stage.settle(copy)
            let versions = try await stage.bookings.versions(of: [before, fits, over] + group)
            #expect(versions == [before: 1, fits: 1])
            let verdicts = try await stage.number("SELECT count(*) FROM verdicts")
            let letters = try await stage.number("SELECT count(*) FROM dead_letters")
            #expect(verdicts == 3 && letters == 0)
            await eventually(loop, "the waiting request is notified") {
                heard.messages.contains { $0.hasPrefix("\(over) ") && $0.hasSuffix(" oversold") }
            }
            var overruled: [String: String?] = [:]
            copy.report.onFailure = { failure, trace in overruled[failure] = trace }
            let waiting = await copy.poller.dueWork()
            await copy.judge.overruleAll()
            let done = await copy.poller.dueWork()
            #expect(waiting.verdicts && !done.verdicts)
            #expect(copy.report.counts.verdicts == 3 && overruled.count == 3)
            #expect(overruled["booking \(over) was sold twice and is overruled"] == trace)
            await stage.settle(copy)
            let ended = try #require(try await stage.bookings.booking(over))
            #expect(ended.image.status == .cancelled && ended.image.reason == "oversold")
            #expect(ended.image.payment?.status == .refundDue)
            let due = try await stage.number("SELECT count(*) FROM payments WHERE status = 'REFUND_DUE'")
            #expect(due == 1)
            // Redis has all sold and held units again: none is available.
            let counters = try await stage.counters(event)
            #expect(counters.available == 0 && counters.held == 2 && counters.sold == 8)
            let open = try await stage.number("SELECT count(*) FROM verdicts WHERE overruled_at IS NULL")
            #expect(open == 0)
            try await stage.confirm(fits)
            await stage.settle(copy)
            let sold = try await stage.bookings.booking(fits)
            #expect(sold?.image.status == .confirmed)
        }
    }

    @Test("no verdict for an event with a dead letter: later entries may conflict only because of it")
    func afterDeadLetter() async throws {
        try await withStage("after_dead_letter") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 2)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            let row = try await stage.row(event)
            let letter = DeadLetter(id: row.cursor, entry: "event \(event) epoch 1 seq 1\n", reason: "test")
            _ = try await BatchWriter(pool: stage.pool).write(
                Batch(), partition: row, cursor: row.cursor, deadLetters: [letter])
            try await sellElsewhere(event, left: 1, of: 2, stage)
            _ = try await stage.claim(event, user: "late")
            await stage.settle(copy)
            let verdicts = try await stage.number("SELECT count(*) FROM verdicts")
            let letters = try await stage.number("SELECT count(*) FROM dead_letters")
            #expect(verdicts == 0 && letters == 2)
        }
    }

    @Test("replay persists dead letters once, and does not overwrite later versions")
    func replay() async throws {
        try await withStage("replay") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 20)
            try await stage.execute(
                "ALTER TABLE bookings ADD CONSTRAINT no_cid CHECK (user_id <> 'cid' AND user_id <> 'dan')")
            let put = try await stage.claim(event, user: "cid", quantity: 2)
            let moved = try await stage.claim(event, user: "dan", quantity: 3)
            await stage.settle(copy)
            _ = try await stage.inventory.command([
                "XADD", stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event)), "*", "what", "is this",
            ])
            await stage.settle(copy)
            let replay = DeadLetterReplay(pool: stage.pool)
            let letters = try await replay.letters(nil)
            #expect(letters.count == 3)
            guard case .refused = try await replay.replay(letters[0]) else {
                Issue.record("the letter was persisted in spite of the constraint")
                return
            }
            try await stage.execute("ALTER TABLE bookings DROP CONSTRAINT no_cid")
            try await stage.cancel(moved)
            await stage.settle(copy)
            var outcomes: [String] = []
            for letter in try await replay.letters(nil) { outcomes.append("\(try await replay.replay(letter))") }
            #expect(outcomes == ["written", "superseded", "unreadable"])
            let versions = try await stage.bookings.versions(of: [put, moved])
            #expect(versions == [put: 1, moved: 2])
            let left = try await replay.letters(nil)
            #expect(left.count == 1)
            try await stage.expectAgreement([event])
            // Redis may not have had the replayed booking.
            let recoveries = copy.report.counts.recoveries
            await stage.settle(copy)
            #expect(copy.report.counts.recoveries == recoveries + 1)
            try await stage.expectAgreement([event])
        }
    }
}
