import BoxOffice
import HTTP
import Records

/// The body of `POST /v1/events`.
enum EventBody {
    /// Units of one tier; fits PostgreSQL's `integer` with room to spare.
    static let capacity: ClosedRange<Int64> = 1...10_000_000
    /// Minor units; the total of 20 items of at most 1,000 units stays below 2^53, up to where Lua's integers are
    /// exact.
    static let amount: ClosedRange<Int64> = 0...100_000_000_000
    static let tierLimit = 50
    static let userLimit: ClosedRange<Int64> = 1...1_000_000

    /// An event as sent; tiers sold by seat have no capacity yet.
    struct Draft {
        var event: EventRecord
        let isPublished: Bool
        /// The sections of each tier that is sold by seat.
        let sections: [TierID: [String]]
    }

    /// Parses the body.
    static func read(_ body: inout RequestBody, id: EventID, tierID: () -> TierID) throws(Problem) -> Draft {
        let title = body.required("title", body.visibleText("title", 1...200))
        let startsAt = body.required("startsAt", body.time("startsAt"))
        let currency = body.required("currency", currency(&body))
        let venue = venue(&body)
        var sections: [TierID: [String]] = [:]
        let tiers = body.required("tiers", tiers(&body, tierID, &sections))
        let maxTickets = limit(&body, "maxTicketsPerUser", usual: 10)
        let maxBookings = limit(&body, "maxBookingsPerUser", usual: nil)
        let event = EventRecord(
            id: id, number: 0, title: title ?? "", description: body.text("description", 0...5000),
            venue: nil, venueID: venue, startsAt: startsAt ?? 0,
            salesOpenAt: body.time("salesOpenAt"), salesClose: body.cutoff("salesCloseAt") ?? .eventStart,
            cancelUntil: body.cutoff("cancelUntil") ?? .eventStart, timeZone: body.timeZone("timeZone") ?? .utc,
            status: "draft",
            currency: currency ?? "", holdSeconds: body.integer("holdSeconds", 1...86400) ?? 600,
            maxTicketsPerUser: maxTickets, maxBookingsPerUser: maxBookings, version: 1, createdAt: 0, updatedAt: 0,
            tiers: tiers ?? [])
        let isPublished = body.bool("publish") ?? false
        if startsAt != nil, let wrong = saleFault(of: event) { body.wrong(wrong.name, wrong.detail) }
        if venue == nil, !sections.isEmpty { body.wrong("venueId", "Tiers sold by seat need a venue.") }
        try body.finish()
        return Draft(event: event, isPublished: isPublished, sections: sections)
    }

    /// The first error in an event's sale times, if any.
    static func saleFault(of event: EventRecord) -> (name: String, detail: String)? {
        guard let opens = event.salesOpenAt, let closes = event.salesClose.time(startsAt: event.startsAt),
            opens >= closes
        else { return nil }
        return event.salesClose == .eventStart
            ? ("salesOpenAt", "It must be before startsAt, when the sale ends unless salesCloseAt is set.")
            : ("salesCloseAt", "It must be after salesOpenAt.")
    }

    private static func venue(_ body: inout RequestBody) -> VenueID? {
        body.id("venueId", of: "a venue") { VenueID($0) }
    }

    /// An ISO 4217 code of a currency in use.
    static func currency(_ body: inout RequestBody) -> String? {
        guard let text = body.text("currency", 3...3) else { return nil }
        guard CurrencyCode.isActive(text) else {
            body.wrong("currency", "It must be the code of a currency in use, in capital letters (ISO 4217).")
            return nil
        }
        return text
    }

    /// A limit per user; null means no limit.
    private static func limit(_ body: inout RequestBody, _ name: String, usual: Int64?) -> Int64? {
        guard body.has(name) else { return usual }
        return body.integer(name, userLimit)
    }

    private static func tiers(
        _ body: inout RequestBody, _ tierID: () -> TierID, _ sections: inout [TierID: [String]]
    ) -> [TierRecord]? {
        guard let objects = body.objects("tiers", 1...tierLimit) else { return nil }
        var tiers: [TierRecord] = []
        for var object in objects {
            let id = tierID()
            let name = object.required("name", object.visibleText("name", 1...100))
            let kind = object.required("kind", kind(&object))
            let unitAmount = object.required("unitAmount", object.integer("unitAmount", amount))
            var units: Int64? = 0
            if kind == .seated {
                sections[id] = object.required("sections", object.texts("sections", 1...1000))
            } else {
                units = object.required("capacity", object.integer("capacity", capacity))
            }
            object.rejectUnknown()
            body.adopt(object)
            if let name, let kind, let unitAmount, let units {
                tiers.append(
                    TierRecord(
                        id: id, name: name, kind: kind.rawValue, unitAmount: unitAmount, capacity: Int(units)))
            }
        }
        return tiers
    }

    private static func kind(_ object: inout RequestBody) -> TierKind? {
        guard let text = object.text("kind", 1...20) else { return nil }
        guard let kind = TierKind(rawValue: text) else {
            object.wrong("kind", "It must be general or seated.")
            return nil
        }
        return kind
    }
}

extension VenueLayout {
    /// The seats of an event in this hall; sets the capacities of the draft's seated tiers. `nil` if no tier has seats.
    ///
    /// - Throws: 400 for a section that the hall does not have, or that two tiers name.
    func seatMap(_ draft: inout EventBody.Draft) throws(Problem) -> SeatMap? {
        let tiers = draft.event.tiers.filter { draft.sections[$0.id] != nil }
        guard !tiers.isEmpty else { return nil }
        guard let map = SeatMap(self, tiers: tiers.map { ($0.id, draft.sections[$0.id] ?? []) }) else {
            throw Problem.invalid([("/tiers", "Each section must exist in the hall and belong to one tier.")])
        }
        for index in draft.event.tiers.indices where draft.sections[draft.event.tiers[index].id] != nil {
            let tier = draft.event.tiers[index].id
            draft.event.tiers[index].capacity = map.rows.reduce(0) { $0 + ($1.tier == tier ? $1.seats.count : 0) }
        }
        return map
    }
}
