import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Looking at outboxes")
struct LookTests {
    /// Five claims, and a look of a copy whose batches have at most two entries.
    private func lookAtPart(of event: EventID, _ copy: Reconciler, _ stage: Stage) async throws -> Look {
        for _ in 0..<5 { _ = try await stage.claim(event) }
        let row = try await stage.row(event)
        while copy.limit(of: row) > 2 { copy.leased[row.partition]?.failed(now: 0) }
        copy.leased[row.partition]?.isUntold = false
        return try #require(await copy.work(of: [row]).first)
    }

    @Test("asks quiet ones for news alone, and checks all of them when a while has passed or Redis is another")
    func quiet() async throws {
        try await withStage("quiet") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            await stage.settle(copy)
            let all = copy.leased.values.map(\.row.partition).sorted()
            let first = await copy.stirring(all, now: 0)
            #expect(first.map(\.partition).sorted() == all)
            #expect(await copy.work(of: first).isEmpty)
            let now = monotonicNanoseconds()
            #expect(await copy.stirring(all, now: now).isEmpty)
            _ = try await stage.claim(event)
            let found = await copy.stirring(all, now: now)
            #expect(found.map(\.partition) == [stage.inventory.keys.partition(of: event)])
            await stage.settle(copy)
            let later = await copy.stirring(all, now: now + 1_000_000_000)
            #expect(later.map(\.partition).sorted() == all)
            #expect(await copy.work(of: copy.leased.values.map(\.row)).isEmpty)
            copy.checkedIdentity = nil
            let other = await copy.stirring(all, now: now)
            #expect(other.map(\.partition).sorted() == all)
        }
    }

    @Test("reads on while a full batch is written, and believes that only of the row that it was read for")
    func ahead() async throws {
        try await withStage("ahead") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            let look = try await lookAtPart(of: event, copy, stage)
            let row = look.row
            #expect(look.batch.count == copy.limit(of: row) && look.hasMore)
            let ahead = try #require(copy.readAhead(of: look))
            let seen = try #require(await ahead.result())
            #expect(seen.batch.first.map { $0.id > look.batch.last?.id ?? .zero } == true)
            await copy.attend(look)
            let after = try #require(copy.leased[row.partition]?.row)
            #expect(after.cursor == look.batch.last?.id)
            let next = try #require(await copy.following(after, ahead))
            #expect(next.batch.map(\.id) == seen.batch.map(\.id) && next.row.cursor == after.cursor)
            try await expectsAnAnswer(copy, look, seen, ahead, stage)
            // What was read ahead is behind this row, or of another epoch: it is looked at again.
            let again = try #require(await copy.following(row, ahead))
            #expect(again.batch.first?.id == look.batch.first?.id)
            let raised = try #require(try await stage.partitions.raiseEpoch(after, above: after.epoch))
            let recovery = try #require(await copy.following(raised, ahead))
            #expect(recovery.needsRecovery && recovery.batch.isEmpty)
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    /// Where it is not sure that Redis was told of what is written down, it is asked all the same.
    private func expectsAnAnswer(
        _ copy: Reconciler, _ look: Look, _ seen: Look, _ ahead: ReadAhead, _ stage: Stage
    ) async throws {
        let row = try #require(copy.leased[look.row.partition]?.row)
        _ = try await copy.write(seen.batch, PartitionRow(row, lineage: row.epoch), try #require(seen.batch.last?.id))
        let written = PartitionRow(row, cursor: seen.batch.last?.id)
        let second = Look(
            row: row, batch: seen.batch, hasMore: true, needsRecovery: false, acknowledged: row.cursor)
        let next = try #require(copy.readAhead(of: second))
        #expect(await copy.following(written, next)?.acknowledged == written.cursor)
        copy.leased[row.partition]?.isUntold = true
        #expect(await copy.following(written, next)?.acknowledged == row.cursor)
        #expect(copy.leased[row.partition]?.isUntold == false)
        copy.leased[row.partition]?.row = written
    }

    @Test("many partitions together are asked for less each, and for less again when Redis does not answer")
    func unanswered() async throws {
        try await withStage("unanswered") { _, stage in
            let copy = try await openedCopy(stage)
            let row = try #require(copy.leased.values.first?.row)
            for _ in 0..<9 { copy.leased[row.partition]?.succeeded(row, lagsAfter: 5000) }
            #expect(copy.limit(of: row) == 5000 && copy.limit(of: row, among: 64) == 312)
            copy.inventory.connection.close()
            #expect(await copy.work(of: [row]).isEmpty)
            #expect(copy.limit(of: row) == 2500)
            for _ in 0..<9 { _ = await copy.work(of: [row]) }
            #expect(copy.limit(of: row) == 500)
        }
    }

    @Test("whoever waits for what is read ahead is told, whenever it comes")
    func waits() async throws {
        try await withStage("waits") { loop, stage in
            let copy = try await openedCopy(stage)
            let look = try await lookAtPart(of: try await stage.event(1, capacity: 9), copy, stage)
            var told = 0
            loop.spawn {
                for round in 0..<2000 {
                    let ahead = copy.readAhead(of: look)
                    await loop.sleep(for: .microseconds(round % 1000))
                    let row = PartitionRow(look.row, cursor: look.batch.last?.id)
                    if await copy.following(row, ahead) != nil { told += 1 }
                }
            }
            await eventually(loop, "all are told") { told == 2000 }
        }
    }

    @Test("a batch that was all there was is followed by what comes meanwhile")
    func notAhead() async throws {
        try await withStage("notahead") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            _ = try await stage.claim(event)
            let look = try #require(await copy.work(of: [try await stage.row(event)]).first)
            #expect(!look.hasMore && copy.readAhead(of: look) == nil)
            _ = try await stage.claim(event)
            await copy.attend(look)
            let row = try #require(copy.leased[look.row.partition]?.row)
            let next = try #require(await copy.following(row, nil))
            #expect(next.batch.count == 1)
        }
    }

    @Test("an outbox that lags is written down in larger batches, until it lags no more")
    func lagging() async throws {
        try await withStage("lagging") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 3000)
            for _ in 0..<1400 { _ = try await stage.claim(event) }
            let partition = stage.inventory.keys.partition(of: event)
            var sizes: [Int] = []
            while let row = copy.leased[partition]?.row, let look = await copy.work(of: [row]).first {
                sizes.append(look.batch.count)
                await copy.attend(look)
            }
            #expect(sizes == [500, 900])
            #expect(copy.leased[partition]?.batchLimit == 500)
            try await stage.expectOutboxIsWritten()
        }
    }

    @Test("a batch takes no more versions than a transaction can bear, and whole entries")
    func bounded() async throws {
        try await withStage("bounded") { _, stage in
            _ = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 99)
            for _ in 0..<4 { _ = try await stage.claim(event) }
            let partition = stage.inventory.keys.partition(of: event)
            let reply = try await stage.inventory.command(["XRANGE", stage.inventory.keys.outbox(partition), "-", "+"])
            let entries = try #require(reply.array)
            let copy = try stage.copy("another")
            for bound in 1...4 {
                let batch = await copy.batch(of: partition, entries, bound: bound)
                #expect(batch.flatMap(\.transitions).count == bound)
            }
            #expect(await copy.batch(of: partition, entries).count == entries.count)
        }
    }
}
