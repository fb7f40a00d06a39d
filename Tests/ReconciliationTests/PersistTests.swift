import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Persisting")
struct PersistTests {
    @Test("follows the outbox, moves the cursor, notifies waiting requests, and lets ended bookings leave Redis")
    func acknowledges() async throws {
        try await withStage("acknowledges") { loop, stage in
            let copy = try await openedCopy(stage)
            let heard = try await stage.listen()
            defer { heard.subscriber.close() }
            let event = try await stage.event(1, capacity: 9)
            let held = try await stage.claim(event)
            let cancelled = try await stage.claim(event)
            try await stage.cancel(cancelled)
            let sold = try await stage.claim(event)
            try await stage.confirm(sold)
            await stage.settle(copy)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
            let row = try await stage.row(event)
            let last = try await stage.lastEntry(row.partition)
            #expect(row.cursor == last && row.lineage == row.epoch)
            let known = try await stage.inventory.booking(held)
            #expect(known?.persisted == true)
            await eventually(loop, "all are notified") {
                heard.messages.contains { $0.hasPrefix("\(sold) 3 ") && $0.hasSuffix(" \(row.epoch)") }
            }
            #expect(heard.messages.contains { $0.hasPrefix("\(cancelled) 2 ") })
            let times = try await stage.lifetimes(of: [held, cancelled, sold])
            #expect(times[0] == -1)
            #expect((3_000_000...3_600_000).contains(times[1]))
            #expect((80_000_000...86_400_000).contains(times[2]))
        }
    }

    @Test("the outbox is trimmed strictly below the cursor: after an hour, or at once when Redis's memory runs short")
    func trims() async throws {
        try await withStage("trims") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 1000)
            for _ in 0..<300 { _ = try await stage.claim(event) }
            await stage.settle(copy)
            let partition = stage.inventory.keys.partition(of: event)
            await copy.trimmer.trimAll()
            let kept = try await stage.outbox(partition).count
            #expect(kept == 300)
            _ = try await stage.claim(event)
            let used = try await stage.inventory.command(["INFO", "memory"]).string ?? ""
            let bytes = used.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
                .flatMap { Int64($0.dropFirst("used_memory:".count)) }
            let limit = try #require(bytes) * 3 / 2
            _ = try await stage.inventory.command(["CONFIG", "SET", "maxmemory", String(limit)])
            await copy.trimmer.trimAll()
            let left = try await stage.outbox(partition)
            let cursor = try await stage.row(event).cursor
            // Redis trims whole nodes of its tree.
            #expect(left.count < 110 && left.contains { $0.id == cursor })
            let trimmed = try await stage.inventory.command([
                "HGET", stage.inventory.keys.meta(partition), "trimmed",
            ])
            #expect(trimmed.string == cursor.description)
            #expect(left.last.map { $0.id > cursor } == true)
            await stage.settle(copy)
            try await stage.expectAgreement([event])
        }
    }

    @Test("a backlog of a thousand entries is persisted completely, in batches")
    func backlog() async throws {
        try await withStage("backlog") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 1200)
            for _ in 0..<1200 { _ = try await stage.claim(event) }
            await stage.settle(copy)
            #expect(copy.report.counts.entries == 1200 && copy.report.counts.deadLetters == 0)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("acknowledges entries that a replica persisted before it crashed", arguments: [false, true])
    func acknowledgesAgain(somethingFollows: Bool) async throws {
        try await withStage("acknowledges_again_\(somethingFollows)") { loop, stage in
            let dead = try await openedCopy(stage, "dead")
            let heard = try await stage.listen()
            defer { heard.subscriber.close() }
            let event = try await stage.event(1, capacity: 500)
            var bookings: [BookingID] = []
            for _ in 0..<250 { bookings.append(try await stage.claim(event)) }
            for booking in bookings { try await stage.cancel(booking) }
            let row = try await stage.row(event)
            let entries = try await stage.outbox(row.partition)
            let cursor = try #require(entries.last?.id)
            let written = try await dead.writer.write(entries, PartitionRow(row, lineage: row.epoch), cursor)
            #expect(written?.count == 500)
            let before = try await stage.inventory.state(of: row.partition).cursor
            #expect(before < cursor)
            try await stage.lapse("dead")
            if somethingFollows { _ = try await stage.claim(event) }
            let copy = try stage.copy("heir")
            await stage.settle(copy)
            #expect(copy.report.counts.entries == (somethingFollows ? 1 : 0))
            await eventually(loop, "all are notified") { heard.messages.count == bookings.count }
            let times = try await stage.lifetimes(of: bookings)
            #expect(times.allSatisfy { $0 > 0 })
        }
    }
}

extension PersistTests {
    @Test("a later acknowledgement does not skip unacknowledged entries")
    func gap() async throws {
        try await withStage("unpassed") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            await stage.settle(copy)
            let row = try await stage.row(event)
            let told = try await stage.inventory.state(of: row.partition).cursor
            let lost = StreamID(milliseconds: told.milliseconds + 1, sequence: 0)
            let later = StreamID(milliseconds: told.milliseconds + 2, sequence: 0)
            func acknowledge(from old: StreamID, to new: StreamID) async throws -> StreamID {
                try await copy.inventory.acknowledge(
                    row.partition, epoch: row.epoch, from: old, to: new, entries: 1, releasing: [])
                return try await stage.inventory.state(of: row.partition).cursor
            }
            #expect(try await acknowledge(from: lost, to: later) == told)
            #expect(try await acknowledge(from: told, to: lost) == lost)
            #expect(try await acknowledge(from: lost, to: later) == later)
            #expect(try await acknowledge(from: told, to: lost) == later)
        }
    }
}

@Suite("A leased partition")
struct LeasedPartitionTests {
    @Test("entries stay for the retention time, whatever the times in their ids")
    func retention() {
        var retention = Retention()
        let second: Int64 = 1_000_000_000
        func id(_ number: Int64) -> StreamID { StreamID(milliseconds: 9_000_000_000_000 + number, sequence: 0) }
        var horizons: [(Int64, StreamID)] = []
        for time in 0..<7200 {
            let horizon = retention.horizon(id(Int64(time)), now: Int64(time) * second, retained: 3600 * second)
            if let horizon { horizons.append((Int64(time), horizon)) }
        }
        #expect(horizons.count == 360)
        #expect(horizons.allSatisfy { $1 == id($0 - 3600) })
        let now = 8000 * second
        #expect(retention.horizon(id(7200), now: now, retained: 0) == id(7200))
        #expect(retention.horizon(id(7200), now: now + 1, retained: 0) == nil)
    }

    @Test("each failure halves the batch limit and doubles the pause, up to a second")
    func pauses() async throws {
        try await withStage("pauses") { _, stage in
            var leased = LeasedPartition(try #require(try await stage.partitions.row(Partition(0))))
            var pauses: [Int64] = []
            for _ in 0..<100 {
                leased.failed(now: 5)
                pauses.append((leased.notBefore - 5) / 1_000_000)
            }
            #expect(pauses.prefix(8) == [10, 20, 40, 80, 160, 320, 640, 1000])
            #expect(pauses.last == 1000 && leased.batchLimit == 1)
            #expect(leased.needsAcknowledgement)
            leased.unanswered()
            #expect(leased.batchLimit == 1)
            for _ in 0..<20 { leased.succeeded(leased.row) }
            #expect(leased.notBefore == 0 && leased.batchLimit == 500)
            // A transaction took only 100 of the 5,000 entries read: the next batch reads fewer.
            for _ in 0..<9 { leased.succeeded(leased.row, lagsAfter: leased.batchLimit) }
            #expect(leased.batchLimit == 5000)
            leased.succeeded(leased.row, lagsAfter: 100)
            #expect(leased.batchLimit == 200)
        }
    }
}
