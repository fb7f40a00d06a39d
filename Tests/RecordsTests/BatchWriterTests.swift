import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

@Suite("A batch")
struct BatchWriterTests {
    /// A database with one event that has one tier of two units.
    private func withEvent(
        _ name: String, maxBookingsPerUser: Int64? = nil,
        _ body: @Sendable (Database, Scribe) async throws -> Void
    ) async throws {
        try await withDatabase("batch_\(name)") { _, database in
            let event = eventRecord(1, firstTier: 1, capacities: [2], maxBookingsPerUser: maxBookingsPerUser)
            try await database.catalogue.create(event, partition: Partition(0))
            let published = try await database.catalogue.publish(event.id)
            #expect(published)
            try await body(database, try await Scribe(database))
        }
    }

    @Test("is refused completely if its cursor or epoch is not the partition's")
    func fence() async throws {
        try await withEvent("fence") { database, scribe in
            let old = scribe.row
            try await scribe.write([(bookingID(1), image())])
            let late = try await database.writer.write(
                Batch([(bookingID(2), image())]), partition: old, cursor: StreamID(milliseconds: 9, sequence: 0),
                deadLetters: [DeadLetter(id: .zero, entry: "x", reason: "y")])
            #expect(late.isFenced)
            let raised = try await database.partitions.raiseEpoch(scribe.row)
            #expect(raised?.epoch == old.epoch + 1)
            #expect(raised?.cursor == scribe.row.cursor)
            let stalled = try await database.writer.write(
                Batch([(bookingID(3), image())]), partition: scribe.row,
                cursor: StreamID(milliseconds: 9, sequence: 0))
            #expect(stalled.isFenced)
            let bookings = try await database.number("SELECT count(*) FROM bookings")
            let letters = try await database.number("SELECT count(*) FROM dead_letters")
            #expect(bookings == 1 && letters == 0)
            let row = try await database.partitions.row(Partition(0))
            #expect(row?.cursor == scribe.row.cursor)
        }
    }

    @Test("keeps the last known answer to a claim")
    func claimed() async throws {
        try await withEvent("claimed") { database, scribe in
            var batch = Batch()
            batch.add(bookingID(1), image(), claimed: [0, 1, 0, 0xff])
            batch.add(bookingID(2), image(user: "ben"))
            try await scribe.write(batch)
            let first = try await database.store.booking(bookingID(1))
            let second = try await database.store.booking(bookingID(2))
            #expect(first?.claimed == [0, 1, 0, 0xff])
            #expect(second != nil && second?.claimed == nil)
            batch = Batch()
            batch.add(bookingID(1), image(version: 2))
            try await scribe.write(batch)
            let kept = try await database.store.booking(bookingID(1))
            #expect(kept?.claimed == [0, 1, 0, 0xff])
            batch = Batch()
            batch.add(bookingID(1), image(version: 3), claimed: [0, 2])
            batch.add(bookingID(1), image(version: 4))
            try await scribe.write(batch)
            let changed = try await database.store.booking(bookingID(1))
            #expect(changed?.claimed == [0, 2] && changed?.image.version == 4)
        }
    }

    @Test("is refused completely if its partition was taken over, although cursor and epoch match")
    func takenOver() async throws {
        try await withEvent("taken_over") { database, scribe in
            let mine = try await database.partitions.beat(owner: "a", lease: .seconds(3600))
            let row = try #require(mine.first)
            let cursor = StreamID(milliseconds: 9, sequence: 0)
            try await database.partitions.release(owner: "a")
            _ = try await database.partitions.beat(owner: "b", lease: .seconds(3600))
            let late = try await database.writer.write(Batch([(bookingID(1), image())]), partition: row, cursor: cursor)
            #expect(late.isFenced)
            let current = try #require(try await database.partitions.row(row.partition))
            let right = try await database.writer.write(
                Batch([(bookingID(1), image())]), partition: PartitionRow(current, lineage: 7), cursor: cursor)
            #expect(!right.isFenced)
            let lineage = try await database.partitions.row(row.partition)?.lineage
            #expect(lineage == 7)
        }
    }

    @Test("written by ten writers at once is written by one")
    func race() async throws {
        try await withEvent("race") { database, scribe in
            let row = scribe.row
            let url = database.pool.configuration.uri
            let written = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 1...10 {
                    group.addTask {
                        let count = Count()
                        try await onDatabase(url) { _, other in
                            let outcome = try await other.writer.write(
                                Batch([(bookingID(UInt64(number)), image())]), partition: row,
                                cursor: StreamID(milliseconds: 5, sequence: Int64(number)))
                            if !outcome.isFenced { count.add() }
                        }
                        return count.value == 1
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(written == 1)
            let bookings = try await database.number("SELECT count(*) FROM bookings")
            #expect(bookings == 1)
        }
    }

    @Test("folds to a booking's last version, and older versions change nothing")
    func folds() async throws {
        try await withEvent("folds") { database, scribe in
            let id = bookingID(1)
            let paying = image(.pendingPayment, version: 2, payment: payment(1, .pending, transaction: nil))
            let confirmed = image(.confirmed, version: 3, payment: payment(1, transaction: "t1"))
            try await scribe.write([(id, image()), (id, paying), (id, confirmed)])
            try await scribe.write([(id, paying), (id, image())])
            let row = try await database.store.booking(id)
            #expect(row?.image == confirmed)
            #expect(try await database.tier(tierID(1)) == Owned(held: 0, sold: 1))
            let payments = try await database.number("SELECT count(*) FROM payments")
            #expect(payments == 1)
        }
    }

    @Test("keeps every payment attempt, also those replaced by a later version in the same batch")
    func attempts() async throws {
        try await withEvent("attempts") { database, scribe in
            let id = bookingID(1)
            try await scribe.write([
                (id, image()),
                (id, image(.pendingPayment, version: 2, payment: payment(1, .pending, transaction: nil))),
                (id, image(.reserved, version: 3, payment: payment(1, .failed, transaction: nil))),
                (id, image(.confirmed, version: 4, payment: payment(2, transaction: "t"))),
            ])
            let failed = try await database.number("SELECT count(*) FROM payments WHERE status = 'FAILED'")
            let row = try await database.store.booking(id)
            #expect(failed == 1)
            #expect(row?.image.payment == payment(2, transaction: "t"))
        }
    }

    @Test("releases units before it takes them: a full tier can change hands within one batch")
    func handsOver() async throws {
        try await withEvent("hands_over") { database, scribe in
            try await scribe.write([(bookingID(1), image(quantity: 2))])
            try await scribe.write([
                (bookingID(1), image(.expired, version: 2, quantity: 2)),
                (bookingID(2), image(user: "ben", quantity: 2)),
            ])
            #expect(try await database.tier(tierID(1)) == Owned(held: 2, sold: 0))
        }
    }

    @Test("lets a user's only booking be cancelled and another confirmed within it, in any order of their ids")
    func exclusive() async throws {
        try await withEvent("exclusive", maxBookingsPerUser: 1) { database, scribe in
            // The later booking has the lower id.
            try await scribe.write([(bookingID(9), image(.confirmed))])
            try await scribe.write([
                (bookingID(9), image(.cancelled, version: 2)), (bookingID(3), image()),
                (bookingID(3), image(.confirmed, version: 2)),
            ])
            let error = await failure { try await scribe.write([(bookingID(4), image(.confirmed))]) }
            #expect(error?.sqlState == "23505")
            #expect(error?.constraint == "bookings_one_a_user")
            try await scribe.write([(bookingID(5), image(.confirmed, user: "ben"))])
        }
    }

    @Test("allows a second confirmed booking if the event does")
    func notExclusive() async throws {
        try await withEvent("not_exclusive") { _, scribe in
            try await scribe.write([(bookingID(1), image(.confirmed)), (bookingID(2), image(.confirmed))])
        }
    }

    @Test("stores the charged amount, also if it differs from the requested one")
    func charged() async throws {
        try await withEvent("charged") { database, scribe in
            let asked = payment(1, .pending, transaction: nil)
            var charged = payment(1, .refundDue, transaction: "t")
            charged.amount = 70
            try await scribe.write([(bookingID(1), image(.pendingPayment, payment: asked))])
            try await scribe.write([(bookingID(1), image(.expired, version: 2, payment: charged))])
            let row = try await database.store.booking(bookingID(1))
            #expect(row?.image.payment == charged)
        }
    }

    @Test("that would oversell is refused completely")
    func oversells() async throws {
        try await withEvent("oversells") { database, scribe in
            let before = scribe.row
            let error = await failure {
                try await scribe.write([(bookingID(1), image(.confirmed, quantity: 2)), (bookingID(2), image())])
            }
            #expect(error?.sqlState == "23514")
            #expect(error?.constraint == "tiers_never_oversold")
            let row = try await database.partitions.row(Partition(0))
            #expect(row?.cursor == before.cursor)
            #expect(try await database.tier(tierID(1)) == Owned())
        }
    }

    @Test("with a charge that another booking has is refused")
    func charge() async throws {
        try await withEvent("charge") { _, scribe in
            try await scribe.write([(bookingID(1), image(.confirmed, payment: payment(1, transaction: "t")))])
            let error = await failure {
                try await scribe.write([(bookingID(2), image(.confirmed, payment: payment(2, transaction: "t")))])
            }
            #expect(error?.sqlState == "23505")
            #expect(error?.constraint == "payments_one_charge")
        }
    }

    @Test("with values that PostgreSQL cannot store is refused with a SQLSTATE of class 22 or 23")
    func poison() async throws {
        try await withEvent("poison") { _, scribe in
            var farAway = image()
            farAway.expiresAt = .max
            var unknownTier = image()
            unknownTier.items = [BookingItem(tier: tierID(99), quantity: 1, unitAmount: 1)]
            var negative = image()
            negative.totalAmount = -1
            var late = image(.confirmed)
            late.confirmedAt = nil
            for bad in [farAway, unknownTier, negative, late, image(event: eventID(99))] {
                let error = await failure { try await scribe.write([(bookingID(1), bad)]) }
                #expect(["22", "23"].contains(error?.sqlStateClass))
            }
            try await scribe.write([(bookingID(1), image())])
        }
    }

    @Test("that removes a line of a booking releases its units")
    func fewerLines() async throws {
        try await withDatabase("batch_fewer_lines") { _, database in
            try await database.catalogue.create(
                eventRecord(1, firstTier: 1, capacities: [5, 5]), partition: Partition(0))
            let scribe = try await Scribe(database)
            var both = image(quantity: 2)
            both.items.append(BookingItem(tier: tierID(2), quantity: 3, unitAmount: 100))
            try await scribe.write([(bookingID(1), both)])
            try await scribe.write([(bookingID(1), image(version: 2, quantity: 1))])
            try await scribe.write([(bookingID(1), image(.confirmed, version: 3, quantity: 1))])
            #expect(try await database.tier(tierID(1)) == Owned(held: 0, sold: 1))
            #expect(try await database.tier(tierID(2)) == Owned())
            let row = try await database.store.booking(bookingID(1))
            #expect(row?.image.items == image().items)
        }
    }

    @Test("changes a tier's capacity, blocks and price together with its bookings' units")
    func terms() async throws {
        try await withEvent("terms") { database, scribe in
            var batch = Batch([(bookingID(1), image(quantity: 4))])
            batch.add(tierID(1), Batch.Tier(capacity: 9, blocked: 3, unitAmount: 100))
            batch.add(tierID(1), Batch.Tier(capacity: 6, blocked: 2, unitAmount: 250))
            try await scribe.write(batch)
            let event = try await database.catalogue.event(eventID(1))
            let tier = event?.tiers.first
            #expect(tier?.capacity == 6 && tier?.blocked == 2 && tier?.unitAmount == 250 && tier?.held == 4)
        }
    }

    @Test("stores dead letters together with the cursor, including NUL characters")
    func letters() async throws {
        try await withEvent("letters") { database, scribe in
            let letter = DeadLetter(
                id: StreamID(milliseconds: 7, sequence: 8), entry: "a\0b", reason: "it cannot be read")
            try await scribe.write([], letters: [letter])
            let rows = try await database.pool.query("SELECT * FROM dead_letters")
            let row = try #require(rows.first)
            #expect(try row.string("entry") == "a\u{fffd}b")
            #expect(try row.integer("stream_ms") == 7 && row.integer("stream_seq") == 8)
            #expect(try row.integer("partition") == 0)
        }
    }
}

/// A counter for one loop.
final class Count: @unchecked Sendable {
    // SAFETY of @unchecked: written on one loop, read after it has ended.
    private(set) var value = 0
    func add() { value += 1 }
}

extension BatchWriter.Outcome {
    var isFenced: Bool { if case .fenced = self { true } else { false } }
}
