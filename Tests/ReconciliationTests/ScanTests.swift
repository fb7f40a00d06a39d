import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Scanning outboxes")
struct ScanTests {
    /// Makes five claims, and scans with batches of at most two entries.
    private func scanPart(of event: EventID, _ copy: Reconciler, _ stage: Stage) async throws -> PartitionScan {
        for _ in 0..<5 { _ = try await stage.claim(event) }
        let row = try await stage.row(event)
        while copy.reader.limit(of: row) > 2 { copy.leases.update(row.partition) { $0.failed(now: 0) } }
        copy.leases.update(row.partition) { $0.needsAcknowledgement = false }
        return try #require(await copy.scanner.work(of: [row]).first)
    }

    @Test("asks quiet partitions only for new entries; checks all after a while or when the Redis has changed")
    func quiet() async throws {
        try await withStage("quiet") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            await stage.settle(copy)
            let all = copy.leases.partitions.sorted()
            let first = await copy.scanner.partitionsNeedingScan(all, now: 0)
            #expect(first.map(\.partition).sorted() == all)
            #expect(await copy.scanner.work(of: first).isEmpty)
            let now = monotonicNanoseconds()
            #expect(await copy.scanner.partitionsNeedingScan(all, now: now).isEmpty)
            _ = try await stage.claim(event)
            let found = await copy.scanner.partitionsNeedingScan(all, now: now)
            #expect(found.map(\.partition) == [stage.inventory.keys.partition(of: event)])
            await stage.settle(copy)
            let later = await copy.scanner.partitionsNeedingScan(all, now: now + 1_000_000_000)
            #expect(later.map(\.partition).sorted() == all)
            #expect(await copy.scanner.work(of: copy.leases.states.map(\.row)).isEmpty)
            copy.scanner.checkedIdentity = nil
            let other = await copy.scanner.partitionsNeedingScan(all, now: now)
            #expect(other.map(\.partition).sorted() == all)
        }
    }

    @Test("reads ahead while a full batch is written, and uses the result only for the row that it was read for")
    func ahead() async throws {
        try await withStage("ahead") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            let scan = try await scanPart(of: event, copy, stage)
            let row = scan.row
            #expect(scan.batch.count == copy.reader.limit(of: row) && scan.hasMore)
            let ahead = try #require(copy.scanner.readAhead(of: scan))
            let seen = try #require(await ahead.result())
            #expect(seen.batch.first.map { $0.id > scan.batch.last?.id ?? .zero } == true)
            await copy.workers.process(scan)
            let after = try #require(copy.leases[row.partition]?.row)
            #expect(after.cursor == scan.batch.last?.id)
            let next = try #require(await copy.scanner.following(after, ahead))
            #expect(next.batch.map(\.id) == seen.batch.map(\.id) && next.row.cursor == after.cursor)
            try await expectsAnAnswer(copy, scan, seen, ahead, stage)
            // What was read ahead does not follow this row, or is of another epoch: the partition is scanned again.
            let again = try #require(await copy.scanner.following(row, ahead))
            #expect(again.batch.first?.id == scan.batch.first?.id)
            let raised = try #require(try await stage.partitions.raiseEpoch(after, above: after.epoch))
            let recovery = try #require(await copy.scanner.following(raised, ahead))
            #expect(recovery.needsRecovery && recovery.batch.isEmpty)
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    /// If Redis may lack an acknowledgement, the cursor in Redis is read in spite of what was read ahead.
    private func expectsAnAnswer(
        _ copy: Reconciler, _ scan: PartitionScan, _ seen: PartitionScan, _ ahead: ReadAhead, _ stage: Stage
    ) async throws {
        let row = try #require(copy.leases[scan.row.partition]?.row)
        _ = try await copy.writer.write(
            seen.batch, PartitionRow(row, lineage: row.epoch), try #require(seen.batch.last?.id))
        let written = PartitionRow(row, cursor: seen.batch.last?.id)
        let second = PartitionScan(
            row: row, batch: seen.batch, hasMore: true, needsRecovery: false, acknowledged: row.cursor)
        let next = try #require(copy.scanner.readAhead(of: second))
        #expect(await copy.scanner.following(written, next)?.acknowledged == written.cursor)
        copy.leases.update(row.partition) { $0.needsAcknowledgement = true }
        #expect(await copy.scanner.following(written, next)?.acknowledged == row.cursor)
        #expect(copy.leases[row.partition]?.needsAcknowledgement == false)
        copy.leases.update(row.partition) { $0.row = written }
    }

    @Test("reads fewer entries of each when there are many partitions, and fewer still after Redis did not answer")
    func unanswered() async throws {
        try await withStage("unanswered") { _, stage in
            let copy = try await openedCopy(stage)
            let row = try #require(copy.leases.states.first?.row)
            for _ in 0..<9 { copy.leases.update(row.partition) { $0.succeeded(row, lagsAfter: 5000) } }
            #expect(copy.reader.limit(of: row) == 5000 && copy.reader.limit(of: row, among: 64) == 312)
            copy.inventory.connection.close()
            #expect(await copy.scanner.work(of: [row]).isEmpty)
            #expect(copy.reader.limit(of: row) == 2500)
            for _ in 0..<9 { _ = await copy.scanner.work(of: [row]) }
            #expect(copy.reader.limit(of: row) == 500)
        }
    }

    @Test("a scan read ahead resumes its waiter, whenever the waiter comes")
    func waits() async throws {
        try await withStage("waits") { loop, stage in
            let copy = try await openedCopy(stage)
            let scan = try await scanPart(of: try await stage.event(1, capacity: 9), copy, stage)
            var resumed = 0
            loop.spawn {
                for round in 0..<2000 {
                    let ahead = copy.scanner.readAhead(of: scan)
                    await loop.sleep(for: .microseconds(round % 1000))
                    let row = PartitionRow(scan.row, cursor: scan.batch.last?.id)
                    if await copy.scanner.following(row, ahead) != nil { resumed += 1 }
                }
            }
            await eventually(loop, "all are resumed") { resumed == 2000 }
        }
    }

    @Test("after a batch that left no entries, entries that came meanwhile are scanned")
    func notAhead() async throws {
        try await withStage("notahead") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            _ = try await stage.claim(event)
            let scan = try #require(await copy.scanner.work(of: [try await stage.row(event)]).first)
            #expect(!scan.hasMore && copy.scanner.readAhead(of: scan) == nil)
            _ = try await stage.claim(event)
            await copy.workers.process(scan)
            let row = try #require(copy.leases[scan.row.partition]?.row)
            let next = try #require(await copy.scanner.following(row, nil))
            #expect(next.batch.count == 1)
        }
    }

    @Test("an outbox that lags is persisted in larger batches until it has caught up")
    func lagging() async throws {
        try await withStage("lagging") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 3000)
            for _ in 0..<1400 { _ = try await stage.claim(event) }
            let partition = stage.inventory.keys.partition(of: event)
            var sizes: [Int] = []
            while let row = copy.leases[partition]?.row, let scan = await copy.scanner.work(of: [row]).first {
                sizes.append(scan.batch.count)
                await copy.workers.process(scan)
            }
            #expect(sizes == [500, 900])
            #expect(copy.leases[partition]?.batchLimit == 500)
            try await stage.expectOutboxIsWritten()
        }
    }

    @Test("a batch has whole entries, and no more versions than one transaction can take")
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
                let batch = await copy.reader.batch(of: partition, entries, bound: bound)
                #expect(batch.flatMap(\.transitions).count == bound)
            }
            #expect(await copy.reader.batch(of: partition, entries).count == entries.count)
        }
    }
}
