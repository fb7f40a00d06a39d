import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Poison entries")
struct PoisonTests {
    @Test("are dead-lettered, and everything else is persisted: before them, after them, and in the same entry")
    func putAside() async throws {
        try await withStage("put_aside") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let outbox = stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event))
            let before = try await stage.claim(event, user: "before")
            _ = try await stage.inventory.command(["XADD", outbox, "*", "what", "is this"])
            // PostgreSQL's text cannot contain NUL; the other two bookings are in the same entry.
            let group = await stage.claimTogether(event, users: ["one", "n\0l", "two"])
            _ = try await stage.inventory.command(["XADD", outbox, "*", "ev", "", "ep", "1", "sq", "1"])
            let after = try await stage.claim(event, user: "after")
            await stage.settle(copy)
            let versions = try await stage.bookings.versions(of: [before] + group + [after])
            #expect(versions == [before: 1, group[0]: 1, group[2]: 1, after: 1])
            #expect(copy.report.counts.deadLetters == 3)
            let letters = try await stage.pool.query("SELECT entry, reason FROM dead_letters ORDER BY id")
            #expect(letters.count == 3)
            #expect(try letters[0].string("entry") == "what\nis this")
            #expect(try letters[1].string("entry").contains(group[1].description))
            #expect(try !letters[1].string("entry").contains(group[0].description))
            #expect(try letters[2].string("reason") == "it cannot be read")
        }
    }

    @Test("an entry about another partition than that of its outbox is dead-lettered, and harms nothing")
    func foreign() async throws {
        try await withStage("foreign") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let partition = stage.inventory.keys.partition(of: event)
            let booking = try await stage.claim(event)
            let entry = try #require(
                try await stage.inventory.command(["XRANGE", stage.inventory.keys.outbox(partition), "-", "+"]).array?
                    .first?.array?.last?.array)
            // Not a partition of this installation, and beyond the end of its arrays.
            let stranger = BookingID(partition: Partition(4095), milliseconds: 1, random: 1)
            var command = RedisCommand(argumentCount: 3 + entry.count)
            for text in ["XADD", stage.inventory.keys.outbox(partition), "*"] { command.append(text) }
            for field in entry.map({ $0.bytes ?? [] }) {
                command.append(field.replacing(booking.uuid.bytes, with: stranger.uuid.bytes))
            }
            _ = try await stage.connection.send(command)
            await stage.settle(copy)
            let bookings = try await stage.number("SELECT count(*) FROM bookings")
            #expect(bookings == 1 && copy.report.counts.deadLetters == 1)
        }
    }

    @Test("if Redis has a later version of the booking, that is persisted instead")
    func present() async throws {
        try await withStage("present") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let booking = try await stage.claim(event)
            let outbox = stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event))
            let first = try #require(
                try await stage.inventory.command(["XRANGE", outbox, "-", "+"]).array?.first?.array)
            let image = try #require(try await stage.inventory.booking(booking)).image
            let epoch = try await stage.row(event).epoch
            try await stage.cancel(booking)
            // A claim that PostgreSQL can never store (only the first form of entries can express it), without the
            // entry of the cancellation.
            let fields = [
                "ev", event.description, "ep", String(epoch), "sq", "1", "at", String(image.createdAt), "ty", "",
                booking.description, image.text.replacing("|100|USD", with: "|-100|USD") + "||",
            ]
            _ = try await stage.inventory.command(["DEL", outbox])
            _ = try await stage.inventory.command(["XADD", outbox, first[0].string ?? ""] + fields)
            await stage.settle(copy)
            let row = try await stage.bookings.booking(booking)
            #expect(row?.image.status == .cancelled && row?.image.version == 2)
            #expect(copy.report.counts.deadLetters == 1)
            try await stage.expectAgreement([event])
        }
    }

    @Test("an entry that PostgreSQL refuses for other reasons is retried after a pause")
    func retries() async throws {
        try await withStage("retries") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            _ = try await stage.claim(event)
            try await stage.execute("ALTER TABLE bookings RENAME TO hidden")
            var looks = 0
            let end = ContinuousClock.now + .milliseconds(500)
            while ContinuousClock.now < end {
                if await copy.persistAll() { looks += 1 }
                await loop.sleep(for: .milliseconds(1))
            }
            // Pauses of 10, 20, 40, 80, 160, 320 ms: no spinning.
            #expect((1...6).contains(looks))
            try await stage.execute("ALTER TABLE hidden RENAME TO bookings")
            await stage.settle(copy)
            #expect(copy.report.counts.deadLetters == 0)
            try await stage.expectAgreement([event])
        }
    }
}
