import BoxOffice
import Loops
import PostgresClient
import Support
import Testing

@testable import Records

@Suite("Lists of bookings")
struct BookingPageTests {
    private static let now = someTime + 1000

    /// Bookings of three users and two events, of every status, some of them held past their end.
    private static func bookings() -> [(BookingID, Booking)] {
        (1...120).map { number in
            var image = image(
                BookingStatus.allCases[number % BookingStatus.allCases.count],
                event: eventID(UInt64(1 + number / 6 % 2)), user: ["ann", "ben", "a\u{301}"][number / 12 % 3],
                tier: tierID(UInt64(1 + number / 6 % 2)), quantity: 1 + number % 3)
            // Just before, at, and just after `now`.
            image.expiresAt = now - 1 + Int64(number / 3 % 3)
            return (bookingID(UInt64(number)), image)
        }
    }

    private static func filters() -> [BookingFilter] {
        var filters: [BookingFilter] = []
        for user in [nil, "ann", "a\u{301}", "\u{e1}", "nobody"] as [UserID?] {
            for status in [nil] + BookingStatus.allCases.map(Optional.some) {
                for event in [nil, eventID(1), eventID(2), eventID(3)] {
                    for before in [nil, bookingID(61), bookingID(1)] {
                        filters.append(
                            BookingFilter(user: user, status: status, event: event, before: before, now: now))
                    }
                }
            }
        }
        return filters
    }

    @Test("contain the matching bookings only, newest first, with their current statuses")
    func filtering() async throws {
        try await withDatabase("lists") { _, database in
            for number in UInt64(1)...2 {
                try await database.catalogue.create(
                    eventRecord(number, firstTier: number, capacities: [100_000]), partition: Partition(0))
            }
            let all = Self.bookings()
            try await Scribe(database).write(all)
            for filter in Self.filters() {
                let expected = all.reversed().filter { filter.admits($0.0, $0.1.asOf(Self.now)) }
                let rows = try await database.store.list(filter, limit: 200)
                #expect(rows.map(\.id) == expected.map(\.0), "\(filter)")
                let except = [bookingID(60), bookingID(60), bookingID(35)]
                let page = try await database.store.list(filter, except: except, limit: 7)
                #expect(page.map(\.id) == Array(expected.map(\.0).filter { !except.contains($0) }.prefix(7)))
                let summaries = try await database.store.summaries(filter, limit: 9)
                #expect(summaries.map(\.id) == Array(expected.map(\.0).prefix(9)))
                #expect(summaries.map(\.status) == expected.prefix(9).map { $0.1.asOf(Self.now).status })
                #expect(summaries.map(\.quantity) == expected.prefix(9).map { Int64($0.1.items[0].quantity) })
            }
        }
    }

    @Test("over all users scan an index and stop, for every filter, with 120,000 bookings")
    func plans() async throws {
        try await withDatabase("plans") { _, database in
            try await database.catalogue.create(
                eventRecord(1, firstTier: 1, capacities: [1_000_000]), partition: Partition(0))
            try await Scribe(database).write([(bookingID(1), image(.expired, user: "ann"))])
            // One live event among many past ones; the requested status is rare.
            for statement in [
                """
                INSERT INTO events SELECT (lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000')::uuid, 1000 + n,
                    partition, title, description, venue, starts_at, sales_open_at, sales_close_at, status, currency,
                    hold_seconds, max_tickets_per_user, max_bookings_per_user, version, created_at, updated_at
                FROM events, generate_series(1000, 1009) AS n
                """,
                """
                INSERT INTO bookings SELECT ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, partition,
                    (lpad(to_hex(1000 + n % 10), 8, '0') || '-0000-4000-8000-000000000000')::uuid, 'user ' || n % 20000,
                    CASE WHEN n = 7 THEN 'FAILED' WHEN n = 8 THEN 'RESERVED' ELSE 'CONFIRMED' END, version, epoch,
                    total_amount, currency, expires_at, NULL, 0, 0, false, NULL, NULL, created_at, updated_at, created_at
                FROM bookings, generate_series(1, 120000) AS n
                """, "ANALYZE",
            ] { _ = try await database.pool.query(PostgresStatement(statement, isPrepared: false)) }
            let event = try #require(EventID("000003f0-0000-4000-8000-000000000000"))
            var filters: [BookingFilter] = []
            for status in [nil] + BookingStatus.allCases.map(Optional.some) {
                for event in [nil, event] {
                    for before in [nil, bookingID(1 << 40)] {
                        filters.append(BookingFilter(status: status, event: event, before: before, now: Self.now))
                    }
                    filters.append(BookingFilter(user: "user 77", status: status, event: event, now: Self.now))
                }
            }
            for filter in filters {
                let page = BookingPage(filter, limit: 21)
                let plan = try await database.pool.query(
                    PostgresStatement(
                        "EXPLAIN (ANALYZE, BUFFERS, TIMING off) " + page.sql, page.parameters, isPrepared: false)
                ).map { (row) throws(PostgresError) in try row.string("QUERY PLAN") }.joined(separator: "\n")
                #expect(!plan.contains("Seq Scan on bookings"), "\(filter): \(plan)")
                // A page reads some hundred blocks at most; all 120,000 bookings take some thousand.
                let blocks = plan.matches(of: /Buffers: shared (?:hit=(\d+))?(?: ?read=(\d+))?/).first.map {
                    (Int($0.1 ?? "") ?? 0) + (Int($0.2 ?? "") ?? 0)
                }
                #expect(try #require(blocks, "\(plan)") < 400, "\(filter): \(plan)")
            }
        }
    }
}
