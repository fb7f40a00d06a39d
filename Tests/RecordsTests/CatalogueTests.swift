import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

@Suite("The catalogue")
struct CatalogueTests {
    @Test("stores an event unchanged, and publishes it once")
    func create() async throws {
        try await withDatabase("catalogue_create") { _, database in
            let catalogue = database.catalogue
            var event = eventRecord(1, title: "Ünïcode 'quoted'", firstTier: 1, capacities: [3, 4], prices: [5, 6])
            event.description = "d"
            event.venue = "v"
            event.salesOpenAt = someTime
            event.salesClose = .at(someTime + 1)
            event.maxTicketsPerUser = 9
            let created = try await catalogue.create(event, partition: Partition(2))
            let again = try await catalogue.create(event, partition: Partition(2))
            #expect(created && !again)
            let draft = try #require(try await catalogue.event(event.id))
            #expect(draft.status == "draft" && draft.version == 1)
            #expect(draft.title == event.title && draft.description == "d" && draft.venue == "v")
            #expect(draft.startsAt == event.startsAt && draft.salesOpenAt == someTime)
            #expect(draft.salesClose == .at(someTime + 1) && draft.maxTicketsPerUser == 9)
            #expect(draft.tiers.map(\.unitAmount) == [5, 6] && draft.tiers.map(\.capacity) == [3, 4])
            for _ in 0..<2 {
                let published = try await catalogue.publish(event.id)
                #expect(published)
            }
            let event2 = try await catalogue.event(event.id)
            #expect(event2?.status == "published" && event2?.version == 2)
            let unknown = try await catalogue.publish(eventID(99))
            #expect(!unknown)
            let here = try await catalogue.current(in: Partition(2)).map(\.id)
            let elsewhere = try await catalogue.current(in: Partition(1))
            #expect(here == [event.id] && elsewhere.isEmpty)
        }
    }

    @Test("keeps an event current for a month, and longer while it has live holds")
    func current() async throws {
        try await withDatabase("catalogue_current") { _, database in
            for number in UInt64(1)...3 {
                var event = eventRecord(number, firstTier: number, capacities: [3])
                // 2001.
                if number > 1 { event.startsAt = 1_000_000_000_000 }
                try await database.catalogue.create(event, partition: Partition(0))
                _ = try await database.catalogue.publish(event.id)
            }
            try await Scribe(database).write([(bookingID(1), image(event: eventID(3), tier: tierID(3)))])
            let current = try await database.catalogue.current(in: Partition(0)).map(\.id)
            #expect(Set(current) == [eventID(1), eventID(3)])
        }
    }

    @Test("leaves an existing event and its tiers unchanged")
    func absent() async throws {
        try await withDatabase("catalogue_absent") { _, database in
            let first = eventRecord(1, alias: 7, firstTier: 1, capacities: [3])
            let other = eventRecord(1, alias: 7, firstTier: 10, capacities: [4, 5])
            let third = eventRecord(2, alias: 7, firstTier: 20, capacities: [6])
            try await database.catalogue.create(first, partition: Partition(0), ifAbsent: true)
            for event in [other, third] {
                let created = try await database.catalogue.create(event, partition: Partition(0), ifAbsent: true)
                #expect(!created)
            }
            let repeated = try await database.catalogue.create(other, partition: Partition(0))
            #expect(!repeated)
            let tiers = try await database.catalogue.event(number: 7)?.tiers.map(\.id)
            #expect(tiers == [tierID(1)])
            let all = try await database.number("SELECT count(*) FROM tiers")
            #expect(all == 1)
        }
    }

    @Test("assigns free numbers, also after numbers were chosen explicitly")
    func numbers() async throws {
        try await withDatabase("catalogue_numbers") { _, database in
            for alias in 1...3 {
                try await database.catalogue.create(
                    eventRecord(UInt64(alias), alias: Int64(alias), firstTier: UInt64(alias), capacities: [1]),
                    partition: Partition(0))
            }
            try await database.catalogue.create(
                eventRecord(9, firstTier: 9, capacities: [1]), partition: Partition(0))
            let event = try await database.catalogue.event(eventID(9))
            let number = try #require(event?.number)
            #expect(number > 3)
            let same = try await database.catalogue.event(number: number)
            #expect(same?.id == eventID(9))
            let unknown = try await database.catalogue.event(number: .max)
            #expect(unknown == nil)
        }
    }

    @Test("lists, pages, sorts and counts everything except drafts")
    func list() async throws {
        try await withDatabase("catalogue_list") { _, database in
            let catalogue = database.catalogue
            let prices: [Int64] = [300, 100, 200]
            for (index, title) in ["beta", "Alpha", "gamma"].enumerated() {
                let number = UInt64(index + 1)
                var event = eventRecord(
                    number, title: title, firstTier: 10 * number, capacities: [1, 1], prices: [prices[index], 900])
                event.startsAt += Int64(index) * 1000
                try await catalogue.create(event, partition: Partition(0))
                _ = try await catalogue.publish(event.id)
            }
            try await catalogue.create(
                eventRecord(9, title: "draft", firstTier: 90, capacities: [1]), partition: Partition(0))
            func titles(
                _ page: Int, _ limit: Int, _ sort: EventListing.Sort, _ isDescending: Bool
            ) async throws -> [String] {
                let found = try await catalogue.list(
                    EventListing(page: page, limit: limit, sort: sort, isDescending: isDescending))
                #expect(found.total == 3)
                return found.events.map(\.title)
            }
            let byTitle = try await titles(1, 10, .title, false)
            let byPrice = try await titles(1, 10, .price, true)
            let byDate = try await titles(1, 2, .date, false) + titles(2, 2, .date, false) + titles(3, 2, .date, false)
            #expect(byTitle == ["Alpha", "beta", "gamma"])
            #expect(byPrice == ["beta", "gamma", "Alpha"])
            #expect(byDate == ["beta", "Alpha", "gamma"])
        }
    }

    @Test("finds part of a title, ignoring case, and takes %, _ and \\ literally")
    func search() async throws {
        try await withDatabase("catalogue_search") { _, database in
            let titles = ["100% Rock", "100 Rocks", "a_b", "axb", "back\\slash", "Ärger"]
            for (index, title) in titles.enumerated() {
                let number = UInt64(index + 1)
                try await database.catalogue.create(
                    eventRecord(number, title: title, firstTier: number, capacities: [1]), partition: Partition(0))
                _ = try await database.catalogue.publish(eventID(number))
            }
            let cases = [
                ("rock", 2), ("0%", 1), ("a_b", 1), ("\\", 1), ("%", 1), ("_", 1), ("'; DROP TABLE events; --", 0),
                ("ärger", 1), ("", 6),
            ]
            for (search, count) in cases {
                let found = try await database.catalogue.list(
                    EventListing(limit: 50, search: search, sort: .title))
                #expect(found.events.count == count, "\(search)")
                #expect(found.total == Int64(count), "\(search)")
            }
        }
    }
}
