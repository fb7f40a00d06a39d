import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Settlement
import Support
import Testing

@testable import Reconciliation

@Suite("A recovery after a disaster")
struct DisasterTests {
    /// A replica of the stage's Redis that has caught up with it.
    private func replica(of stage: Stage) async throws -> (server: RedisServerProcess, copy: RedisConnection) {
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        options.extraArguments = ["--replicaof", "127.0.0.1 \(stage.redis.port)", "--repl-diskless-sync-delay", "0"]
        let server = try RedisServerProcess(options)
        let connection = RedisConnection(
            loop: stage.loop, configuration: try RedisConfiguration(url: server.socketURL))
        try connection.start()
        try await inStep(connection, stage.loop)
        return (server, connection)
    }

    private func inStep(_ connection: RedisConnection, _ loop: EventLoop) async throws {
        try await eventually(loop, "the replica has caught up") {
            try await connection.send(RedisCommand(["INFO", "replication"])).string?
                .contains("master_link_status:up") == true
        }
    }

    private func order(_ connection: RedisConnection, _ words: String...) async throws {
        _ = try await connection.send(RedisCommand(words))
    }

    @Test("after FLUSHALL at run time everything persisted is restored, live holds included")
    func flushed() async throws {
        try await withStage("flushed") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let sold = try await stage.claim(event, quantity: 2)
            try await stage.confirm(sold)
            let held = try await stage.claim(event, user: "bea", quantity: 3)
            await stage.settle(copy)
            _ = try await stage.inventory.command(["FLUSHALL"])
            // An emptied Redis must not report everything as available.
            await #expect(throws: InventoryError.self) { _ = try await stage.claim(event, quantity: 50) }
            await stage.settle(copy)
            let counters = try await stage.counters(event)
            #expect(counters.sold == 2 && counters.held == 3)
            try await stage.confirm(held)
            await stage.settle(copy)
            try await stage.expectAgreement([event])
        }
    }

    @Test("the end of the append-only file is lost: persisted changes stay, unpersisted ones are gone without a trace")
    func lostTail() async throws {
        try await withStage("lost_tail") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let kept = try await stage.claim(event)
            await stage.settle(copy)
            let size = try stage.redis.appendedBytes()
            try await stage.confirm(kept)
            await stage.settle(copy)
            let lost = try await stage.claim(event, user: "lost")
            stage.redis.kill()
            try stage.redis.cutAppended(to: size)
            try stage.redis.start()
            await stage.settle(copy)
            let versions = try await stage.bookings.versions(of: [kept, lost])
            #expect(versions == [kept: 3])
            let counters = try await stage.counters(event)
            #expect(counters.sold == 1 && counters.held == 0)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            try await stage.expectAgreement([event])
        }
    }

    @Test("a lagging replica is promoted while the old primary still serves: only one history continues")
    func splitBrain() async throws {
        try await withStage("split_brain") { loop, stage in
            let old = try await openedCopy(stage, "old")
            let event = try await stage.event(1, capacity: 3)
            let sold = try await stage.claim(event)
            await stage.settle(old)
            let alone = stage.connection.identity
            let (server, connection) = try await replica(of: stage)
            defer { connection.close() }
            // Redis changes its replication id when its first replica attaches, which triggers a recovery.
            await eventually(loop, "the changed identity is seen") { stage.connection.identity != alone }
            await stage.settle(old)
            let primary = stage.inventory
            try await order(connection, "REPLICAOF", "NO", "ONE")
            // Changes that the replica never receives; the first is persisted to PostgreSQL.
            try await stage.confirm(sold)
            await stage.settle(old)
            let unheard = try await stage.claim(event, user: "unheard")
            try await stage.move(to: server)
            try await stage.lapse("old")
            let new = try stage.copy("new", server: server)
            await stage.settle(new)
            // The old primary still sells; none of those sales is ever persisted.
            let ghost = stage.request(event, user: "ghost")
            _ = try await primary.claim(ghost)
            _ = await old.persistAll()
            let counters = try await stage.counters(event)
            #expect(counters.sold == 1 && counters.held == 0)
            for _ in 0..<2 { _ = try await stage.claim(event, user: "bea") }
            await stage.settle(new)
            _ = await old.persistAll()
            await stage.settle(new)
            let versions = try await stage.bookings.versions(of: [sold, unheard, ghost.booking])
            #expect(versions == [sold: 3])
            let letters = try await stage.number("SELECT count(*) FROM dead_letters")
            #expect(letters == 0)
            try await stage.expectAgreement([event])
        }
    }

    @Test("a fail-back that keeps the run_id and drops no connection is noticed")
    func failBack() async throws {
        try await withStage("fail_back") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            let alone = stage.connection.identity
            let (server, connection) = try await replica(of: stage)
            defer { connection.close() }
            // Redis changes its replication id when its first replica attaches, which triggers a recovery.
            await eventually(loop, "the changed identity is seen") { stage.connection.identity != alone }
            await stage.settle(copy)
            let before = stage.connection.identity
            let writes = stage.connection.writes
            // Redis loses this hold when it becomes a replica of the other server.
            _ = try await stage.claim(event, user: "lost")
            try await order(connection, "REPLICAOF", "NO", "ONE")
            try await order(connection, "DEL", stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event)))
            try await order(stage.connection, "REPLICAOF", "127.0.0.1", "\(server.port)")
            try await inStep(stage.connection, loop)
            try await order(stage.connection, "REPLICAOF", "NO", "ONE")
            await eventually(loop, "the changed identity is seen") {
                guard let now = stage.connection.identity else { return false }
                return now.isMaster && now != before
            }
            #expect(stage.connection.identity?.runID == before?.runID && stage.connection.writes > writes)
            await #expect(throws: InventoryError.self) { _ = try await stage.claim(event) }
            await stage.settle(copy)
            let epoch = try await stage.row(event).epoch
            #expect(epoch >= 2)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            try await stage.expectAgreement([event])
        }
    }

    @Test("an older snapshot comes back after a recovery: its outbox tail is skipped")
    func olderSnapshot() async throws {
        try await withStage("older_snapshot") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 2)
            // Its clock was ahead: its entry ids sort after all later ones.
            let outbox = stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event))
            let ahead = try await stage.inventory.now() + 3_600_000
            _ = try await stage.inventory.command(["XSETID", outbox, "\(ahead)-0"])
            let dead = try await stage.claim(event, user: "dead")
            let size = try stage.redis.appendedBytes()
            let partition = stage.inventory.keys.partition(of: event)
            // A recovery without the unpersisted hold; then a unit is sold to another user.
            _ = try await stage.inventory.command(["FLUSHALL"])
            await stage.settle(copy)
            let live = try await stage.claim(event, user: "live")
            try await stage.confirm(live)
            await stage.settle(copy)
            stage.redis.kill()
            try stage.redis.cutAppended(to: size)
            try stage.redis.start()
            await eventually(loop, "Redis is back, with the first epoch") {
                (try? await stage.inventory.state(of: partition))?.lineage == 1
            }
            await stage.settle(copy)
            let versions = try await stage.bookings.versions(of: [dead, live])
            #expect(versions == [live: 3])
            let counters = try await stage.counters(event)
            #expect(counters.sold == 1 && counters.held == 0 && counters.available == 1)
            try await stage.expectAgreement([event])
        }
    }

    @Test("a deleted outbox loses nothing: scripts refuse to run on it, and its changes are salvaged from records")
    func deletedStream() async throws {
        try await withStage("deleted_stream") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let kept = try await stage.claim(event)
            await stage.settle(copy)
            try await stage.confirm(kept)
            let held = try await stage.claim(event, user: "bea", quantity: 4)
            let gone = try await stage.claim(event, user: "cid", quantity: 5)
            try await stage.cancel(gone)
            let partition = stage.inventory.keys.partition(of: event)
            _ = try await stage.inventory.command(["DEL", stage.inventory.keys.outbox(partition)])
            await #expect(throws: InventoryError.self) { _ = try await stage.claim(event) }
            await stage.settle(copy)
            let versions = try await stage.bookings.versions(of: [kept, held, gone])
            #expect(versions == [kept: 3, held: 1, gone: 2])
            let counters = try await stage.counters(event)
            #expect(counters.sold == 1 && counters.held == 4 && counters.available == 45)
            try await stage.confirm(held)
            await stage.settle(copy)
            try await stage.expectAgreement([event])
        }
    }

    @Test("flushed functions are reloaded by the process that calls them")
    func lostFunctions() async throws {
        try await withStage("lost_functions") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let booking = try await stage.claim(event)
            for _ in 0..<3 {
                _ = try await stage.inventory.command(["FUNCTION", "FLUSH"])
                _ = try await stage.claim(event)
            }
            _ = try await stage.inventory.command(["FUNCTION", "FLUSH"])
            try await stage.confirm(booking)
            await stage.settle(copy)
            let epoch = try await stage.row(event).epoch
            #expect(epoch == 1)
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement([event])
        }
    }

    @Test("two FLUSHALLs in a row, the second during the recovery from the first")
    func twice() async throws {
        try await withStage("twice") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let sold = try await stage.claim(event, quantity: 2)
            try await stage.confirm(sold)
            _ = try await stage.claim(event, quantity: 3)
            await stage.settle(copy)
            let partition = stage.inventory.keys.partition(of: event)
            _ = try await stage.inventory.command(["FLUSHALL"])
            var progress: PartitionProgress?
            struct Undo: Error {}
            do {
                try await stage.pool.transaction { connection in
                    _ = try await connection.query("LOCK TABLE booking_items IN ACCESS EXCLUSIVE MODE")
                    let row = try #require(copy.leases[partition]?.row)
                    loop.spawn { progress = await copy.recovery.recover(row) }
                    try await eventually(loop, "the event is loaded") {
                        try await stage.inventory.command(["EXISTS", stage.inventory.keys.event(event)]).integer == 1
                    }
                    _ = try await stage.inventory.command(["FLUSHALL"])
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
            #expect(counters.sold == 2 && counters.held == 3)
            try await stage.expectAgreement([event])
        }
    }

    @Test("recovering one partition closes no other")
    func oneAlone() async throws {
        try await withStage("one_alone") { loop, stage in
            let copy = try await openedCopy(stage)
            var events: [Partition: EventID] = [:]
            var number: UInt64 = 0
            while events.count < Stage.partitionCount {
                number += 1
                let event = try await stage.event(number, capacity: 50)
                events[stage.inventory.keys.partition(of: event)] = event
            }
            for event in events.values { _ = try await stage.claim(event) }
            await stage.settle(copy)
            let damaged = Partition(1)
            _ = try await stage.inventory.command(["DEL", stage.inventory.keys.meta(damaged)])
            // The locked row keeps the damaged partition from being recovered.
            try await stage.pool.transaction { connection in
                _ = try await connection.query("SELECT id FROM partitions WHERE id = 1 FOR UPDATE")
                loop.spawn { _ = await copy.persistAll() }
                for (partition, event) in events where partition != damaged { _ = try await stage.claim(event) }
                await #expect(throws: InventoryError.self) {
                    _ = try await stage.claim(try #require(events[damaged]))
                }
            }
            await stage.settle(copy)
            for (partition, event) in events {
                let epoch = try await stage.partitions.row(partition)?.epoch
                #expect(partition == damaged ? epoch ?? 0 > 1 : epoch == 1)
                _ = try await stage.claim(event)
            }
            await stage.settle(copy)
            try await stage.expectAgreement(Array(events.values))
        }
    }

    @Test("a stalled recovery is overtaken and changes nothing when it wakes; of two at once only one succeeds")
    func overtaken() async throws {
        try await withStage("overtaken") { loop, stage in
            let late = try await openedCopy(stage, "late")
            let event = try await stage.event(1, capacity: 50)
            let sold = try await stage.claim(event, quantity: 2)
            try await stage.confirm(sold)
            await stage.settle(late)
            let partition = stage.inventory.keys.partition(of: event)
            let stale = try #require(late.leases[partition]?.row)
            _ = try await stage.inventory.command(["FLUSHALL"])
            // As if `late` had raised the epoch and stalled right before its next step.
            let raised = try #require(try await stage.partitions.raiseEpoch(stale))
            try await stage.lapse("late")
            let heir = try stage.copy("heir")
            await stage.settle(heir)
            let after = try await stage.claim(event, user: "bea")
            let closed = try await late.inventory.close(partition, epoch: raised.epoch)
            #expect(closed == nil)
            let opened = try await late.inventory.open(partition, epoch: raised.epoch, cursor: raised.cursor)
            #expect(opened == .stale)
            let written = try await BatchWriter(pool: stage.pool).write(
                Batch(), partition: raised, cursor: raised.cursor)
            guard case .fenced = written else {
                Issue.record("a stalled recovery could still write")
                return
            }
            await stage.settle(heir)
            // Two begin from the same row.
            let row = try #require(heir.leases[partition]?.row)
            var ends: [Bool] = []
            for _ in 0..<2 {
                loop.spawn {
                    if case .done = await heir.recovery.recover(row) { ends.append(true) } else { ends.append(false) }
                }
            }
            await eventually(loop, "both have ended") { ends.count == 2 }
            #expect(ends.filter { $0 }.count == 1)
            heir.leases.removeAll()
            await stage.settle(heir)
            try await stage.confirm(after)
            await stage.settle(heir)
            try await stage.expectAgreement([event])
        }
    }

    @Test("restores the idempotency keys of the last 24 hours: a retry gets the booking that was made")
    func keys() async throws {
        try await withStage("keys") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 700)
            var requests: [ClaimRequest] = []
            for number in 0..<450 {
                var request = stage.request(event, user: UserID(stored: "u\(number)"))
                request.idempotency = IdempotentRequest(
                    digest: Digest128(high: UInt64(number), low: 1), fingerprint: Digest128(high: 2, low: 2),
                    patienceMilliseconds: 1000)
                _ = try await stage.inventory.claim(request)
                requests.append(request)
            }
            try await stage.confirm(requests[5].booking)
            await stage.settle(copy)
            try await stage.execute(
                "UPDATE bookings SET created_at = now() - interval '25 hours' WHERE id = '\(requests[7].booking)'")
            _ = try await stage.inventory.command(["FLUSHALL"])
            await stage.settle(copy)
            for (number, request) in requests.enumerated() {
                var again = request
                again.booking = BookingID(
                    partition: request.booking.partition, milliseconds: 1_000_000_000, random: UInt64(number))
                switch try await stage.inventory.claim(again) {
                case .replay(.claim(let booking, let availability, _)):
                    #expect(booking == request.booking && availability.map(\.available) == [699 - number])
                // This one is confirmed: recoveries do not load it, because PostgreSQL has it.
                case .gone(let booking): #expect(number == 5 && booking == request.booking)
                case .held: #expect(number == 7)
                default: Issue.record("key \(number)")
                }
            }
            var other = requests[3]
            other.idempotency = IdempotentRequest(
                digest: Digest128(high: 3, low: 1), fingerprint: Digest128(high: 9, low: 9), patienceMilliseconds: 1000)
            guard case .keyReused = try await stage.inventory.claim(other) else {
                Issue.record("another request under the same key was accepted")
                return
            }
            // Each user has used one key, and the daily count shows it.
            let day = try await stage.inventory.now() / 86_400_000
            let counts = try await stage.inventory.command([
                "HMGET", stage.inventory.keys.dayKeys(event, day: day), "u3", "u449",
            ])
            #expect(counts.array?.map(\.integer) == [1, 1])
        }
    }

    @Test("events long past, which no recovery loads, are loaded when a caller acts on them")
    func past() async throws {
        try await withStage("past") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 9)
            let booking = try await stage.claim(event)
            try await stage.confirm(booking)
            await stage.settle(copy)
            try await stage.execute("UPDATE events SET starts_at = now() - interval '40 days'")
            let row = try await stage.row(event)
            _ = try await stage.partitions.raiseEpoch(row)
            await stage.settle(copy)
            let recovered = try await stage.row(event)
            #expect(recovered.epoch > row.epoch + 1)
            let locator = BookingLocator(
                inventory: stage.inventory, bookings: stage.bookings, catalogue: stage.catalogue,
                seats: SeatStore(pool: stage.pool))
            let outcome = try await locator.act(booking, user: nil) {
                try await stage.inventory.cancel(
                    TransitionRequest(
                        booking: booking, user: nil, isPrivileged: true, awaitsAck: false, idempotency: nil,
                        traceparent: ""),
                    reason: "late")
            }
            guard case .done = outcome else {
                Issue.record("\(outcome)")
                return
            }
            await stage.settle(copy)
            let counters = try await stage.counters(event)
            #expect(counters.sold == 0 && counters.held == 0)
        }
    }

    @Test("partitions with an event on sale now are recovered first")
    func onSaleFirst() async throws {
        try await withStage("on_sale_first") { loop, stage in
            let copy = try stage.copy("a")
            _ = try await copy.inventory.now()
            let event = try await stage.event(3, capacity: 5, isInRedis: false)
            let partition = stage.inventory.keys.partition(of: event)
            for other in stage.inventory.keys.all where other != partition {
                let number = try #require(
                    (100...999).first {
                        stage.inventory.keys.partition(of: EventID(UUIDBytes(high: 0xe000, low: $0))) == other
                    })
                let event = try await stage.event(number, capacity: 5, isInRedis: false)
                _ = try await stage.pool.query(
                    "UPDATE events SET sales_open_at = now() + interval '1 day' WHERE id = $1::uuid",
                    [.text(event.description)])
            }
            await copy.keeper.beat()
            let onSale = try await stage.catalogue.partitionsOnSale()
            #expect(onSale == [partition])
            let looks = try await copy.reader.scan(copy.leases.states.map(\.row).sorted { $0.partition < $1.partition })
            let order = await copy.scanner.inOrder(looks).map(\.row.partition)
            #expect(order.count == Stage.partitionCount && order.first == partition)
        }
    }

    @Test("a script that failed half-way triggers a recovery by itself")
    func broken() async throws {
        try await withStage("broken") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            _ = try await stage.claim(event, quantity: 3)
            await stage.settle(copy)
            try await stage.close(event)
            await #expect(throws: InventoryError.self) { _ = try await stage.claim(event) }
            _ = await copy.persistAll()
            await stage.settle(copy)
            _ = try await stage.claim(event)
            await stage.settle(copy)
            try await stage.expectAgreement([event])
        }
    }

    @Test(
        "an event gone from Redis triggers a recovery: PostgreSQL may lag, and users' totals must be loaded with it",
        arguments: [true, false])
    func goneEvent(isPersisted: Bool) async throws {
        try await withStage("gone_event_\(isPersisted)") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            _ = try await stage.claim(event, quantity: 3)
            if isPersisted { await stage.settle(copy) }
            let keys = stage.inventory.keys
            _ = try await stage.inventory.command(["DEL", keys.event(event), keys.queue(event)])
            let policy = try #require(try await stage.catalogue.event(event)).policy(clock: 0, seats: nil)
            await #expect(throws: InventoryError.self) {
                _ = try await stage.inventory.load(policy, recovering: nil)
            }
            await stage.settle(copy)
            let counters = try await stage.counters(event)
            #expect(counters.held == 3)
            let totals = try await stage.inventory.command(["HGET", keys.event(event), "uann"])
            #expect(totals.string == "3 1")
            try await stage.expectAgreement([event])
        }
    }

    @Test("a booking that has changed since it was persisted does not leave Redis")
    func movedOn() async throws {
        try await withStage("moved_on") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let booking = try await stage.claim(event)
            await stage.settle(copy)
            let row = try await stage.row(event)
            func acknowledge(_ version: Int64) async throws -> Int64? {
                try await copy.inventory.acknowledge(
                    row.partition, epoch: row.epoch, from: row.cursor, to: row.cursor, entries: 0,
                    releasing: [Inventory.ReleasableBooking(booking: booking, version: version, milliseconds: 1000)])
                return try await stage.lifetimes(of: [booking]).first
            }
            // A late acknowledgement of an earlier version.
            let late = try await acknowledge(0)
            #expect(late == -1)
            let right = try await acknowledge(1)
            #expect((1...1000).contains(right ?? 0))
        }
    }
}
