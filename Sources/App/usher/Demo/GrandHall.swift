import API
import BoxOffice
import Foundation
import PostgresClient
import Records

/// The demo hall: 2,000 seats in three sections at three prices, and a concert in it, event number 6.
enum GrandHall {
    private static let sections: [(name: String, rows: Int, seats: Int, unitAmount: Int64)] = [
        ("Stalls", 20, 40, 9999), ("Circle", 20, 35, 7499), ("Balcony", 20, 25, 4999),
    ]

    private static let venue = VenueID(UUIDBytes(high: 0x0000_0002_0000_4000, low: 0x8000_0000_0000_0001))
    private static let event = DemoEvents.id(6)
    private static let start = DemoEvents.Start(days: 33, hour: 19, minute: 30, timeZone: "Europe/Vienna")

    /// The tier of a section.
    static func tier(_ section: Int) -> TierID {
        TierID(UUIDBytes(high: 0x0000_0001_0000_4000, low: 0x8000_0000_0000_0600 | UInt64(section + 1)))
    }

    /// Rows are named A, B, C…; seats 1, 2, 3….
    private static var layout: VenueLayout {
        VenueLayout(
            sections: sections.map { section in
                VenueLayout.Section(
                    name: section.name,
                    rows: (0..<section.rows).map { row in
                        VenueLayout.Row(
                            name: String(Character(Unicode.Scalar(UInt8(65 + row)))),
                            seats: (1...section.seats).map { "\($0)" })
                    })
            })
    }

    /// Writes the hall and the event if they do not exist.
    ///
    /// - Parameter now: the day from which the event's date is counted.
    static func write(on pool: PostgresPool, _ catalogue: Catalogue, partitions: Int, now: Date) async throws {
        let layout = layout
        try await VenueStore(pool: pool).create(
            VenueRecord(
                id: venue, name: "Grand Hall", layout: String(decoding: layout.json, as: UTF8.self),
                seats: Int64(layout.seatCount), createdAt: 0))
        let tiers = sections.enumerated().map { index, section in
            TierRecord(
                id: tier(index), name: section.name, kind: TierKind.seated.rawValue, unitAmount: section.unitAmount,
                capacity: section.rows * section.seats)
        }
        let record = EventRecord(
            id: event, number: 6, title: "Symphony in the Grand Hall",
            description: "Two symphonies and a pause between them. Latecomers are seated after the first movement.",
            venue: "Grand Hall", venueID: venue, startsAt: start.instant(from: now), salesOpenAt: nil,
            timeZone: start.zone,
            status: "draft",
            currency: "USD", holdSeconds: 600, maxTicketsPerUser: 10, maxBookingsPerUser: nil, version: 1,
            createdAt: 0, updatedAt: 0, tiers: tiers)
        let map = SeatMap(layout, tiers: tiers.map { (tier: $0.id, sections: [$0.name]) })
        let isNew = try await catalogue.create(
            record, partition: Partition(of: event, count: partitions), seats: map, ifAbsent: true)
        if isNew { _ = try await catalogue.publish(event) }
    }
}
