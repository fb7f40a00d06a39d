import BoxOffice
import Foundation
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Mutated entries")
struct MutationTests {
    /// The number of entries; `USHER_TEST_ENTRIES` overrides it.
    private static let count =
        ProcessInfo.processInfo.environment["USHER_TEST_ENTRIES"].flatMap { Int($0) } ?? 100_000
    /// One in this many entries is mutated.
    private static let spacing = 100

    @Test(
        "one in a hundred outbox entries is mutated: no crash, no other entry lost, each dead-lettered or still valid"
    )
    func mutations() async throws {
        try await withStage("mutations") { _, stage in
            let copy = try await openedCopy(stage)
            // So large that no nine-digit quantity exceeds it.
            let event = try await stage.event(1, capacity: 2_000_000_000)
            let partition = stage.inventory.keys.partition(of: event)
            var forge = try await EntryForge(stage, event, SeededGenerator.fromEnvironment())
            try await forge.write(Self.count, spacing: Self.spacing)
            await stage.settle(copy, within: .seconds(600))

            let letters = try await letters(stage)
            let refused = try await stage.number("SELECT count(*) FROM dead_letters WHERE reason LIKE 'postgres:%'")
            #expect(refused > 0)
            let verdicts = try await stage.number("SELECT count(*) FROM verdicts")
            #expect(verdicts == 0)
            var images = forge.images
            var meaningful = 0
            for parsed in try await stage.outbox(partition, forge.mutated) {
                if letters[parsed.id] == nil {
                    meaningful += 1
                    #expect(!parsed.transitions.isEmpty)
                }
                // If only the terms of an entry are refused, its bookings are persisted.
                for transition in parsed.transitions
                where letters[parsed.id]?.contains(transition.booking.description) != true {
                    images[transition.booking] = transition.image
                }
            }
            #expect(forge.mutated.isSuperset(of: letters.keys))
            #expect(letters.count + meaningful == forge.mutated.count && !letters.isEmpty && meaningful > 0)
            try await expectRows(images, stage)
            let counters = try #require(try await stage.catalogue.event(event)?.tiers.first)
            let held = try await stage.number(
                """
                SELECT sum(quantity) FROM booking_items i JOIN bookings b ON b.id = i.booking_id
                WHERE b.status IN ('RESERVED', 'PENDING_PAYMENT')
                """)
            #expect(counters.capacity == 2_000_000_000 && counters.held == Int(held))
            print(
                "\(forge.mutated.count) mutated: \(letters.count) dead-lettered, of which PostgreSQL refused \(refused), \(meaningful) still valid"
            )
        }
    }

    /// The text of dead letters, by the id of their entry.
    private func letters(_ stage: Stage) async throws -> [StreamID: String] {
        var letters: [StreamID: String] = [:]
        for row in try await stage.pool.query("SELECT stream_ms, stream_seq, entry FROM dead_letters") {
            let id = StreamID(milliseconds: try row.integer("stream_ms"), sequence: try row.integer("stream_seq"))
            letters[id, default: ""] += try row.string("entry")
        }
        return letters
    }

    @Test("entries with any timestamp are persisted, and their lag is measured")
    func ages() async throws {
        try await withStage("ages") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 10)
            var forge = try await EntryForge(stage, event, SeededGenerator.fromEnvironment())
            for age in [Int64.min, -1, 0, .max] {
                let booking = try await forge.write(at: age)
                await copy.meter.measure()
                await stage.settle(copy)
                let versions = try await stage.bookings.versions(of: [booking])
                #expect(versions == [booking: 1])
            }
        }
    }

    /// Checks that PostgreSQL has exactly these bookings with these images.
    private func expectRows(_ images: [BookingID: Booking], _ stage: Stage) async throws {
        let rows = try await stage.pool.query("SELECT id, user_id, status, version, total_amount FROM bookings")
        #expect(rows.count == images.count)
        var wrong = 0
        for row in rows {
            let image = UUIDBytes(try row.string("id")).flatMap { images[BookingID(stored: $0)] }
            let user = UserID(stored: try row.string("user_id"))
            let status = try row.string("status")
            let numbers = [try row.integer("version"), try row.integer("total_amount")]
            let isSame = user == image?.user && status == image?.status.rawValue
            if !isSame || numbers != [image?.version, image?.totalAmount] { wrong += 1 }
        }
        #expect(wrong == 0)
    }
}
