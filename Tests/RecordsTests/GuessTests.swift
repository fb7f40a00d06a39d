import BoxOffice
import Loops
import PostgresClient
import Support
import Testing

@testable import Records

@Suite("Rows that a writer has persisted itself")
struct GuessTests {
    private func withEvent(
        _ name: String, _ body: @Sendable (Database, Scribe) async throws -> Void
    ) async throws {
        try await withDatabase("guess_\(name)") { _, database in
            let event = eventRecord(1, firstTier: 1, capacities: [9])
            try await database.catalogue.create(event, partition: Partition(0))
            try await body(database, try await Scribe(database))
        }
    }

    /// Writes another replica's batch, starting from this one's cursor.
    private func another(_ database: Database, _ scribe: Scribe, _ image: Booking) async throws {
        let next = StreamID(milliseconds: scribe.row.cursor.milliseconds + 1, sequence: 0)
        let outcome = try await BatchWriter(pool: database.pool).write(
            Batch([(bookingID(1), image)]), partition: scribe.row, cursor: next)
        #expect(!outcome.isFenced)
        scribe.row = PartitionRow(scribe.row, cursor: next)
    }

    private func status(_ database: Database) async throws -> BookingStatus? {
        try await database.store.booking(bookingID(1))?.image.status
    }

    @Test("are not queried again")
    func asksNothing() async throws {
        try await withEvent("asks_nothing") { database, scribe in
            try await scribe.write([(bookingID(1), image(quantity: 2))])
            _ = try await database.pool.query("ALTER TABLE booking_items RENAME TO hidden")
            let pending = image(
                .pendingPayment, version: 2, quantity: 2, payment: payment(1, .pending, transaction: nil))
            try await scribe.write([(bookingID(1), pending)])
            let paid = image(.confirmed, version: 3, quantity: 2, payment: payment(1, transaction: "t"))
            try await scribe.write([(bookingID(1), paid)])
            _ = try await database.pool.query("ALTER TABLE hidden RENAME TO booking_items")
            let row = try #require(try await database.store.booking(bookingID(1)))
            #expect(row.image == paid)
            let tier = try await database.tier(tierID(1))
            #expect(tier == Owned(held: 0, sold: 2))
        }
    }

    @Test("may have been changed by another replica since: its changes are counted")
    func another() async throws {
        try await withEvent("another") { database, scribe in
            try await scribe.write([(bookingID(1), image(quantity: 3))])
            try await another(database, scribe, image(version: 2, quantity: 1))
            try await scribe.write([(bookingID(1), image(.confirmed, version: 3, quantity: 1))])
            let tier = try await database.tier(tierID(1))
            #expect(tier == Owned(held: 0, sold: 1))
            let status = try await status(database)
            #expect(status == .confirmed)
        }
    }

    @Test("may differ in the same version number after Redis fell back: then the writer queries")
    func sameNumber() async throws {
        try await withEvent("same_number") { database, scribe in
            try await scribe.write([(bookingID(1), image(quantity: 3))])
            // As if another history had a first version with another time and fewer units.
            _ = try await database.pool.query(
                "UPDATE bookings SET updated_at = updated_at + interval '7 milliseconds'")
            _ = try await database.pool.query("UPDATE booking_items SET quantity = 1")
            _ = try await database.pool.query("UPDATE tiers SET held = 1")
            try await scribe.write([(bookingID(1), image(.expired, version: 2, quantity: 1))])
            let tier = try await database.tier(tierID(1))
            #expect(tier == Owned())
        }
    }

    @Test("are written again if PostgreSQL fell back")
    func restored() async throws {
        try await withEvent("restored") { database, scribe in
            let before = scribe.row
            try await scribe.write([(bookingID(1), image())])
            let backup = scribe.row
            let pending = image(.pendingPayment, version: 2, payment: payment(1, .pending, transaction: nil))
            try await scribe.write([(bookingID(1), pending)])
            // As restored from a backup between the two.
            for sql in [
                "UPDATE bookings SET status = 'RESERVED', version = 1, payment_deadline = NULL",
                "DELETE FROM payments", "UPDATE partitions SET last_ms = last_ms - 1 WHERE last_ms > 0",
            ] {
                _ = try await database.pool.query(sql)
            }
            scribe.row = backup
            try await scribe.write([(bookingID(1), pending)])
            let payments = try await database.number("SELECT count(*) FROM payments")
            let status = try await status(database)
            #expect(status == .pendingPayment && payments == 1)
            // And from one before both.
            for sql in [
                "DELETE FROM payments", "DELETE FROM booking_items", "DELETE FROM bookings",
                "UPDATE tiers SET held = 0", "UPDATE partitions SET last_ms = 0",
            ] {
                _ = try await database.pool.query(sql)
            }
            scribe.row = before
            try await scribe.write([(bookingID(1), image(.confirmed, version: 3))])
            let tier = try await database.tier(tierID(1))
            #expect(tier == Owned(held: 0, sold: 1))
        }
    }

    @Test("do not help a writer whose partition was taken over")
    func fenced() async throws {
        try await withEvent("fenced") { database, scribe in
            try await scribe.write([(bookingID(1), image())])
            let old = scribe.row
            try await another(database, scribe, image(version: 2))
            let late = try await database.writer.write(
                Batch([(bookingID(1), image(.expired, version: 3))]), partition: old,
                cursor: StreamID(milliseconds: 9, sequence: 0))
            let status = try await status(database)
            #expect(late.isFenced && status == .reserved)
        }
    }

    @Test("are kept for held bookings, up to a limit")
    func limit() {
        var known = KnownBookings(limit: 2)
        for number in 1...5 as ClosedRange<UInt64> { known.note(bookingID(number), image()) }
        #expect(known[bookingID(1)] == nil && known[bookingID(2)] == nil)
        #expect(known[bookingID(3)] != nil && known[bookingID(4)] != nil && known[bookingID(5)] != nil)
        known.note(bookingID(4), image(.confirmed, version: 2))
        known.forget(bookingID(5))
        #expect(known[bookingID(4)] == nil && known[bookingID(5)] == nil)
    }
}
