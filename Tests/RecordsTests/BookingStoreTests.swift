import BoxOffice
import Loops
import PostgresClient
import Support
import Testing

@testable import Records

@Suite("Bookings in PostgreSQL")
struct BookingStoreTests {
    /// Nine bookings of two users: three live ones of each kind, one per other status.
    private func withBookings(
        _ name: String, _ body: @Sendable (BookingStore) async throws -> Void
    ) async throws {
        try await withDatabase("store_\(name)") { _, database in
            try await database.catalogue.create(
                eventRecord(1, firstTier: 1, capacities: [100]), partition: Partition(0))
            try await database.catalogue.create(
                eventRecord(2, firstTier: 2, capacities: [100]), partition: Partition(0))
            let statuses: [BookingStatus] = [
                .reserved, .pendingPayment, .confirmed, .expired, .cancelled, .failed, .reserved, .confirmed,
            ]
            var transitions: [(BookingID, Booking)] = []
            for (index, status) in statuses.enumerated() {
                transitions.append((bookingID(UInt64(index + 1)), image(status, user: "ann", quantity: index + 1)))
            }
            transitions.append((bookingID(20), image(user: "ben", quantity: 2)))
            transitions.append((bookingID(21), image(event: eventID(2), user: "ann", tier: tierID(2))))
            try await Scribe(database).write(transitions)
            try await body(database.store)
        }
    }

    @Test("of one user are listed newest first in pages, each once")
    func pages() async throws {
        try await withBookings("pages") { store in
            var seen: [BookingID] = []
            var last: BookingID?
            while true {
                let page = try await store.list(BookingFilter(user: "ann", before: last), limit: 4)
                seen += page.map(\.id)
                #expect(page.allSatisfy { $0.image.user == "ann" })
                guard page.count == 4 else { break }
                last = page.last?.id
            }
            #expect(seen == ([21] + (1...8).reversed()).map { bookingID($0) })
        }
    }

    @Test("are listed by status and by event")
    func filters() async throws {
        try await withBookings("filters") { store in
            let confirmed = try await store.list(BookingFilter(user: "ann", status: .confirmed), limit: 50)
            #expect(confirmed.map(\.id) == [bookingID(8), bookingID(3)])
            let other = try await store.list(BookingFilter(user: "ann", event: eventID(2)), limit: 50)
            #expect(other.map(\.id) == [bookingID(21)])
            let nobody = try await store.list(BookingFilter(user: ""), limit: 50)
            #expect(nobody.isEmpty)
        }
    }

    @Test("that are held are returned in pages for a recovery")
    func holds() async throws {
        try await withBookings("holds") { store in
            var seen: [BookingID] = []
            while true {
                let page = try await store.holds(of: eventID(1), after: seen.last, limit: 2)
                guard !page.isEmpty else { break }
                #expect(page.allSatisfy { $0.image.status.isHeld })
                seen += page.map(\.id)
            }
            #expect(seen == [1, 2, 7, 20].map { bookingID($0) })
        }
    }

    @Test("with remembered claims are returned in pages, each once, whatever the timestamps' microseconds")
    func claims() async throws {
        try await withBookings("claims") { store in
            for microseconds in [0, 1, 499, 500, 999] {
                _ = try await store.pool.query(
                    """
                    UPDATE bookings SET idempotency_digest = md5(id::text) || '.' || md5('of ' || id),
                        created_at = date_trunc('milliseconds', now()) - $1::bigint * interval '1 microsecond'
                    WHERE id <> $2::uuid
                    """, [.integer(Int64(microseconds)), .text(bookingID(5).description)])
                var seen: [BookingID] = []
                var last: (createdAt: String, booking: BookingID)?
                while seen.count < 20 {
                    let page = try await store.claims(of: eventID(1), after: last, limit: 2)
                    guard let end = page.last else { break }
                    seen += page.map(\.booking)
                    last = (end.createdAt, end.booking)
                }
                #expect(seen == [20, 8, 7, 6, 4, 3, 2, 1].map { bookingID($0) })
            }
        }
    }

    @Test("sum up to users' totals, live ones only")
    func totals() async throws {
        try await withBookings("totals") { store in
            var pages: [[UserTotals]] = []
            let isWhole = try await store.totals(of: eventID(1), limit: 1) {
                pages.append($0)
                return true
            }
            let isEnded = try await store.totals(of: eventID(1), limit: 1) { _ in false }
            #expect(isWhole && !isEnded && pages.count == 2)
            let (first, second) = (pages[0], pages[1])
            #expect(first.count == 1 && second.count == 1)
            // 1 + 2 + 3 + 7 + 8, the live ones.
            #expect(first[0].user == "ann" && first[0].tickets == 21 && first[0].bookings == 5)
            #expect(second[0].user == "ben" && second[0].tickets == 2 && second[0].bookings == 1)
        }
    }

    @Test("have their version and the event's clock; unknown ones have 0 or none")
    func versions() async throws {
        try await withBookings("versions") { store in
            let made = try await store.made(of: [bookingID(1), bookingID(99)])
            let several = try await store.versions(of: [bookingID(1), bookingID(99), bookingID(20)])
            #expect(several == [bookingID(1): 1, bookingID(20): 1])
            let clock = try await store.clock(of: eventID(1))
            let noClock = try await store.clock(of: eventID(99))
            let nobody = try await store.booking(bookingID(99))
            #expect(
                made == [bookingID(1): BookingVersion(number: 1, at: someTime + 1)] && clock == someTime + 1
                    && noClock == 0 && nobody == nil)
        }
    }
}
