import BoxOffice
import PostgresClient
import Records
import Support
import Testing

@Suite("A Redis that fell back unnoticed")
struct RewoundTests {
    @Test("cannot undo a confirmation with later versions of an older state; a cancellation is accepted")
    func confirmed() async throws {
        try await withDatabase("rewound") { _, database in
            try await database.catalogue.create(
                eventRecord(1, firstTier: 1, capacities: [5]), partition: Partition(0))
            let scribe = try await Scribe(database)
            try await scribe.write([(bookingID(1), image(.confirmed, version: 3))])
            for status in [BookingStatus.reserved, .pendingPayment, .expired, .failed] {
                try await scribe.write([(bookingID(1), image(status, version: 5))])
                let row = try await database.store.booking(bookingID(1))
                #expect(row?.image.status == .confirmed && row?.image.version == 3)
                let sold = try await database.number("SELECT sum(sold) FROM tiers")
                let held = try await database.number("SELECT sum(held) FROM tiers")
                #expect(sold == 1 && held == 0)
            }
            try await scribe.write([(bookingID(1), image(.cancelled, version: 6))])
            let row = try await database.store.booking(bookingID(1))
            #expect(row?.image.status == .cancelled && row?.image.version == 6)
        }
    }
}
