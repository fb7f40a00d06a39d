import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Rows read before a recovery")
struct LateReadTests {
    @Test("are not loaded after it: the booking may have changed and left Redis since")
    func late() async throws {
        try await withStage("late_read") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 5)
            let partition = stage.inventory.keys.partition(of: event)
            let booking = try await stage.claim(event)
            try await stage.confirm(booking)
            await stage.settle(copy)
            let before = try await stage.inventory.moment(partition)
            let row = try #require(try await stage.bookings.booking(booking))
            let epoch = try await stage.inventory.state(of: partition).epoch
            _ = try await stage.inventory.suspect(partition, epoch: epoch)
            await stage.settle(copy)
            // This inventory knows the new epoch.
            _ = try await stage.claim(event)
            let late = try await stage.inventory.loadBooking(booking, row.image, readAt: before)
            let absent = try await stage.inventory.booking(booking)
            #expect(!late && absent == nil)
            let now = try await stage.inventory.moment(partition)
            let timely = try await stage.inventory.loadBooking(booking, row.image, readAt: now)
            let present = try await stage.inventory.booking(booking)
            #expect(timely && present?.image == row.image)
        }
    }

    @Test("a recovery reads only from the Redis that it closed")
    func other() async throws {
        try await withStage("other_redis") { _, stage in
            _ = try await openedCopy(stage)
            let partition = Partition(1)
            let epoch = try await stage.inventory.state(of: partition).epoch
            let outbox = ["XLEN", stage.inventory.keys.outbox(partition)]
            let open = try await stage.inventory.command(outbox, in: partition, closedUnder: epoch)
            _ = try await stage.inventory.close(partition, epoch: epoch + 1)
            let closed = try await stage.inventory.command(outbox, in: partition, closedUnder: epoch + 1)
            let older = try await stage.inventory.command(outbox, in: partition, closedUnder: epoch)
            #expect(open == nil && closed != nil && older == nil)
            let booking = BookingID(partition: partition, milliseconds: 1, random: 1)
            let survivors = try await stage.inventory.survivors(
                [booking], in: partition, epoch: epoch, closedUnder: epoch)
            let asked = try await stage.inventory.survivors(
                [booking], in: partition, epoch: epoch, closedUnder: epoch + 1)
            #expect(survivors == nil && asked?.isEmpty == true)
        }
    }

    @Test("a recovery before bookings are overruled does not dead-letter them")
    func judged() async throws {
        try await withStage("judged") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 10)
            try await stage.execute("UPDATE tiers SET sold = 9")
            _ = try await stage.claim(event, quantity: 2)
            await stage.settle(copy)
            let partition = stage.inventory.keys.partition(of: event)
            let epoch = try await stage.inventory.state(of: partition).epoch
            _ = try await stage.inventory.suspect(partition, epoch: epoch)
            await stage.settle(copy)
            await copy.judge.overruleAll()
            await stage.settle(copy)
            let verdicts = try await stage.number("SELECT count(*) FROM verdicts WHERE overruled_at IS NOT NULL")
            #expect(verdicts == 1 && copy.report.counts.deadLetters == 0)
            let counters = try await stage.counters(event)
            #expect(counters.sold == 9 && counters.available == 1)
        }
    }
}
