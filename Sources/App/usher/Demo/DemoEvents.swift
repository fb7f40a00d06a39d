import BoxOffice
import Foundation
import Records

/// The demo events without seats, ordered by number. The first five allow one booking per user and have the capacities
/// and prices that clients of older services expect; the last two allow any number of bookings.
enum DemoEvents {
    struct Tier {
        let name: String
        let unitAmount: Int64
        let capacity: Int
    }

    struct Event {
        let number: Int64
        let title: String
        let description: String
        let venue: String
        let start: Start
        let tiers: [Tier]
        var currency = "USD"
        var maxTicketsPerUser: Int64? = 10
        var maxBookingsPerUser: Int64? = 1
    }

    /// A number of days from today, at a local time of the event's time zone.
    struct Start {
        let days: Int
        let hour: Int
        let minute: Int
        let timeZone: String

        var zone: TimeZoneName { TimeZoneName(timeZone) ?? .utc }

        /// Unix milliseconds.
        ///
        /// - Parameter now: the day from which `days` is counted.
        func instant(from now: Date) -> Int64 {
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = TimeZone(identifier: timeZone) ?? .gmt
            let day = calendar.date(byAdding: .day, value: days, to: now) ?? now
            let start = calendar.date(bySettingHour: hour, minute: minute, second: 0, of: day) ?? day
            return Int64(start.timeIntervalSince1970) * 1000
        }
    }

    static let all = [
        Event(
            number: 1, title: "Limited Concert", description: "An evening for two, and for nobody else.",
            venue: "The Cellar, Berlin", start: Start(days: 19, hour: 21, minute: 0, timeZone: "Europe/Berlin"),
            tiers: [Tier(name: "Standard", unitAmount: 4999, capacity: 2)]),
        Event(
            number: 2, title: "Tech Conference",
            description: "Twelve talks on systems that stay up, and a long lunch to ask about them.",
            venue: "Harbor Conference Center, New York",
            start: Start(days: 41, hour: 9, minute: 0, timeZone: "America/New_York"),
            tiers: [Tier(name: "Standard", unitAmount: 4999, capacity: 100)]),
        Event(
            number: 3, title: "Business Summit",
            description: "A morning of short talks for people who run small firms.",
            venue: "Marina Rooms, Singapore", start: Start(days: 55, hour: 8, minute: 30, timeZone: "Asia/Singapore"),
            tiers: [Tier(name: "Standard", unitAmount: 4999, capacity: 50)]),
        Event(
            number: 4, title: "Art Exhibition", description: "The opening night: thirty guests, and the painters.",
            venue: "Galerie du Canal, Paris", start: Start(days: 12, hour: 18, minute: 30, timeZone: "Europe/Paris"),
            tiers: [Tier(name: "Standard", unitAmount: 4999, capacity: 30)]),
        Event(
            number: 5, title: "Food Festival",
            description: "Forty kitchens in a park. Bring an appetite and a blanket.",
            venue: "Parque Central, Mexico City",
            start: Start(days: 70, hour: 11, minute: 0, timeZone: "America/Mexico_City"),
            tiers: [Tier(name: "Standard", unitAmount: 4999, capacity: 200)]),
        Event(
            number: openAir, title: "Open-Air Cinema",
            description: "A film under the sky. It is shown in light rain, too.",
            venue: "Harbourside Lawn, Sydney",
            start: Start(days: 26, hour: 20, minute: 45, timeZone: "Australia/Sydney"),
            tiers: [
                Tier(name: "Deck chair", unitAmount: 2400, capacity: 150),
                Tier(name: "On the lawn", unitAmount: 1400, capacity: 600),
            ], currency: "AUD", maxTicketsPerUser: nil, maxBookingsPerUser: nil),
        Event(
            number: 8, title: "Choir at Noon",
            description: "Half an hour of song. Admission is free; please book a place.",
            venue: "St Botolph's Hall, London",
            start: Start(days: 8, hour: 12, minute: 30, timeZone: "Europe/London"),
            tiers: [Tier(name: "Free admission", unitAmount: 0, capacity: 300)], currency: "GBP",
            maxBookingsPerUser: nil),
    ]

    /// The number of an event without a limit of bookings per user.
    static let openAir: Int64 = 7

    /// The id of the event with a number.
    static func id(_ number: Int64) -> EventID {
        EventID(UUIDBytes(high: 0x0000_0000_0000_4000, low: 0x8000_0000_0000_0000 | UInt64(number)))
    }

    /// The id of a tier of an event.
    ///
    /// - Parameter index: 0 for the first.
    static func tier(_ number: Int64, _ index: Int = 0) -> TierID {
        TierID(
            UUIDBytes(high: 0x0000_0001_0000_4000, low: 0x8000_0000_0000_0000 | UInt64(index) << 16 | UInt64(number)))
    }
}

extension DemoEvents.Event {
    /// The event's record, as a draft.
    func record(now: Date) -> EventRecord {
        EventRecord(
            id: DemoEvents.id(number), number: number, title: title, description: description, venue: venue,
            startsAt: start.instant(from: now), salesOpenAt: nil, timeZone: start.zone, status: "draft",
            currency: currency, holdSeconds: 600, maxTicketsPerUser: maxTicketsPerUser,
            maxBookingsPerUser: maxBookingsPerUser, version: 1, createdAt: 0, updatedAt: 0,
            tiers: tiers.enumerated().map { index, tier in
                TierRecord(
                    id: DemoEvents.tier(number, index), name: tier.name, kind: TierKind.general.rawValue,
                    unitAmount: tier.unitAmount, capacity: tier.capacity)
            })
    }
}
