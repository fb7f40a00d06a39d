import BoxOffice
import Loops
import PostgresClient
import Records
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Salvage from records")
struct SalvageTests {
    /// Lets only this many more batches commit; all later ones fail until `nil` is passed.
    private func allow(_ batches: Int?, _ stage: Stage) async throws {
        try await stage.execute("DROP TRIGGER IF EXISTS allow ON partitions")
        guard let batches else { return }
        try await stage.execute("DROP SEQUENCE IF EXISTS batches")
        try await stage.execute("CREATE SEQUENCE batches")
        try await stage.execute(
            """
            CREATE OR REPLACE FUNCTION allow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                IF nextval('batches') > \(batches) THEN RAISE 'killed' USING ERRCODE = '57000'; END IF;
                RETURN NEW;
            END $$
            """)
        // Raising the epoch does not count as a batch.
        try await stage.execute(
            "CREATE TRIGGER allow BEFORE UPDATE OF lineage ON partitions FOR EACH ROW EXECUTE FUNCTION allow()")
    }

    /// Deletes the outboxes, then recovers repeatedly: PostgreSQL fails each recovery after one piece, as a kill would,
    /// and the next one starts only from what is stored.
    ///
    /// - Returns: how many recoveries failed this way.
    private func recoverInPieces(_ stage: Stage, of size: Int) async throws -> Int {
        for partition in stage.inventory.keys.all {
            _ = try await stage.inventory.command(["DEL", stage.inventory.keys.outbox(partition)])
        }
        let copy = try stage.copy("a")
        copy.salvage.limit = size
        _ = try await copy.inventory.now()
        var killed = 0
        for partition in stage.inventory.keys.all {
            while true {
                try await allow(1, stage)
                let row = try #require(try await stage.partitions.row(partition))
                guard case .unsure = await copy.recovery.recover(row) else { break }
                try #require(killed < 500, "recoveries do not end")
                killed += 1
                let failure = copy.report.lastFailure
                #expect(failure.contains("57000"), "\(failure)")
            }
        }
        try await allow(nil, stage)
        return killed
    }

    private func expectNothingRefused(_ stage: Stage) async throws {
        let refused = try await stage.number(
            "SELECT (SELECT count(*) FROM dead_letters) + (SELECT count(*) FROM verdicts)")
        #expect(refused == 0)
    }

    @Test("in pieces, killed after each one: nothing is lost, counted twice or refused on the way")
    func killedBetweenPieces() async throws {
        try await withStage("salvage_pieces") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 10)
            var first: [BookingID] = []
            for number in 0..<10 { first.append(try await stage.claim(event, user: UserID(stored: "u\(number)"))) }
            try await stage.confirm(first[0])
            await stage.settle(copy)
            // The event was sold out: the new claims fit only after the cancelled bookings have released their units.
            for booking in first[0..<4] { try await stage.cancel(booking) }
            var second: [BookingID] = []
            for number in 0..<4 { second.append(try await stage.claim(event, user: UserID(stored: "v\(number)"))) }
            try await stage.confirm(second[0])
            try await stage.confirm(first[9])
            let killed = try await recoverInPieces(stage, of: 1)
            // Four cancelled, one paid, four new: nine pieces. The recovery that wrote the last was not killed.
            #expect(killed == 8)
            await stage.settle(copy)
            var expected = Dictionary(uniqueKeysWithValues: first.map { ($0, Int64(1)) })
            for booking in first[0..<4] { expected[booking] = booking == first[0] ? 4 : 2 }
            expected[first[9]] = 3
            for booking in second { expected[booking] = booking == second[0] ? 3 : 1 }
            let versions = try await stage.bookings.versions(of: first + second)
            #expect(versions == expected)
            let counters = try await stage.counters(event)
            #expect(counters.sold == 2 && counters.held == 8 && counters.available == 0)
            try await stage.expectAgreement([event])
            try await expectNothingRefused(stage)
        }
    }

    @Test("of random histories of seats and blocks leaves both stores equal, in pieces of any size")
    func histories() async throws {
        try await withStage("salvage_histories") { _, stage in
            let copy = try await openedCopy(stage)
            var history = try await SeatHistory(stage, SeededGenerator.fromEnvironment())
            var killed = 0
            for round in 1...3 {
                for _ in 0..<150 {
                    try await history.act()
                    if history.isDue(in: 60) { _ = await copy.persistAll() }
                }
                killed += try await recoverInPieces(stage, of: [1, 2, 5][round - 1])
                await stage.settle(copy)
                try await history.expectAgreement()
                try await expectNothingRefused(stage)
            }
            #expect(killed > 0)
        }
    }

    @Test("persists nothing if another replica has begun a recovery meanwhile, which then persists the records")
    func fenced() async throws {
        try await withStage("salvage_fenced") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 10)
            let booking = try await stage.claim(event)
            let partition = stage.inventory.keys.partition(of: event)
            _ = try await stage.inventory.command(["DEL", stage.inventory.keys.outbox(partition)])
            let old = try #require(copy.leases[partition]?.row)
            let raised = try #require(try await stage.partitions.raiseEpoch(old))
            let found = try #require(try await copy.inventory.close(partition, epoch: raised.epoch))
            _ = try #require(try await stage.partitions.raiseEpoch(raised))
            #expect(try await !copy.salvage.persistSurvivors(PartitionRow(raised, lineage: found.lineage), found))
            #expect(try await stage.bookings.versions(of: [booking]).isEmpty)
            await copy.keeper.beat()
            await stage.settle(copy)
            #expect(try await stage.bookings.versions(of: [booking]) == [booking: 1])
        }
    }
}
