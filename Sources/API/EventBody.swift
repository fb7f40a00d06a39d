import Booking
import HTTPServer
import Records

/// The body of `POST /v1/events`.
enum EventBody {
    /// Units of one tier; what PostgreSQL's `integer` holds with room to spare.
    private static let capacity: ClosedRange<Int64> = 1...10_000_000
    /// 20 items of 1,000 units at most are below 2^53, up to where Lua counts exactly.
    private static let amount: ClosedRange<Int64> = 0...100_000_000_000
    private static let tierLimit = 50

    /// Reads it.
    ///
    /// - Returns: the event as a draft, and whether it is to be published.
    static func read(
        _ body: inout RequestBody, id: EventID, tierID: () -> TierID
    ) throws(Problem) -> (EventRecord, publishes: Bool) {
        let title = body.required("title", body.text("title", 1...200))
        let startsAt = body.required("startsAt", body.time("startsAt"))
        let currency = body.required("currency", currency(&body))
        let tiers = body.required("tiers", tiers(&body, tierID))
        let maxTickets = limit(&body, "maxTicketsPerUser", usual: 10)
        let maxBookings = limit(&body, "maxBookingsPerUser", usual: nil)
        let event = EventRecord(
            id: id, number: 0, title: title ?? "", description: body.text("description", 0...5000),
            venue: nil, startsAt: startsAt ?? 0, salesOpenAt: body.time("salesOpenAt"),
            salesCloseAt: body.time("salesCloseAt"), status: "draft", currency: currency ?? "",
            holdSeconds: body.integer("holdSeconds", 1...86400) ?? 600, maxTicketsPerUser: maxTickets,
            maxBookingsPerUser: maxBookings, version: 1, createdAt: 0, updatedAt: 0, tiers: tiers ?? [])
        let publishes = body.bool("publish") ?? false
        if let opens = event.salesOpenAt, let closes = event.salesCloseAt, opens >= closes {
            body.wrong("salesCloseAt", "It must be after salesOpenAt.")
        }
        try body.finish()
        return (event, publishes)
    }

    /// ISO 4217: three capital letters.
    private static func currency(_ body: inout RequestBody) -> String? {
        guard let text = body.text("currency", 3...3) else { return nil }
        guard text.utf8.allSatisfy({ (65...90).contains($0) }) else {
            body.wrong("currency", "It must be three capital letters (ISO 4217).")
            return nil
        }
        return text
    }

    /// A limit a user; null means none.
    private static func limit(_ body: inout RequestBody, _ name: String, usual: Int64?) -> Int64? {
        guard body.has(name) else { return usual }
        return body.integer(name, 1...1_000_000)
    }

    private static func tiers(_ body: inout RequestBody, _ tierID: () -> TierID) -> [TierRecord]? {
        guard let objects = body.objects("tiers", 1...tierLimit) else { return nil }
        var tiers: [TierRecord] = []
        for var object in objects {
            let name = object.required("name", object.text("name", 1...100))
            let kind = object.required("kind", object.text("kind", 1...20))
            let unitAmount = object.required("unitAmount", object.integer("unitAmount", amount))
            let capacity = object.required("capacity", object.integer("capacity", capacity))
            if let kind, kind != "general" { object.wrong("kind", "It must be general.") }
            object.rejectUnknown()
            body.adopt(object)
            if let name, let unitAmount, let capacity {
                tiers.append(
                    TierRecord(
                        id: tierID(), name: name, kind: "general", unitAmount: unitAmount, capacity: Int(capacity)))
            }
        }
        return tiers
    }
}
