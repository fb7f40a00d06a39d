import Booking
import HTTPServer
import Records

/// The body of `PATCH /v1/events/{id}`: what is not named stays.
struct EventPatch {
    private struct Tier {
        let id: TierID
        let name: String?
        let capacity: Int64?
        let unitAmount: Int64?
    }
    /// A member that may be null, when it was sent at all.
    private enum Change<Value> {
        case kept
        case to(Value?)

        func or(_ old: Value?) -> Value? {
            switch self {
            case .kept: old
            case .to(let value): value
            }
        }
    }

    private let title: String?
    private let description: Change<String>
    private let startsAt: Int64?
    private let opens: Change<Int64>
    private let closes: Change<Int64>
    private let currency: String?
    private let holdSeconds: Int64?
    private let maxTickets: Change<Int64>
    private let maxBookings: Change<Int64>
    private let tiers: [Tier]

    init(_ body: inout RequestBody) throws(Problem) {
        title = body.has("title") ? body.required("title", body.text("title", 1...200)) : nil
        description = body.has("description") ? .to(body.text("description", 0...5000)) : .kept
        startsAt = body.has("startsAt") ? body.required("startsAt", body.time("startsAt")) : nil
        opens = body.has("salesOpenAt") ? .to(body.time("salesOpenAt")) : .kept
        closes = body.has("salesCloseAt") ? .to(body.time("salesCloseAt")) : .kept
        currency = body.has("currency") ? body.required("currency", EventBody.currency(&body)) : nil
        holdSeconds =
            body.has("holdSeconds") ? body.required("holdSeconds", body.integer("holdSeconds", 1...86400)) : nil
        maxTickets =
            body.has("maxTicketsPerUser") ? .to(body.integer("maxTicketsPerUser", EventBody.userLimit)) : .kept
        maxBookings =
            body.has("maxBookingsPerUser") ? .to(body.integer("maxBookingsPerUser", EventBody.userLimit)) : .kept
        if body.has("venueId") { body.wrong("venueId", "The hall of an event never changes; create another event.") }
        tiers = body.has("tiers") ? Self.tiers(&body) : []
        _ = body.value("venueId")
        try body.finish()
    }

    private static func tiers(_ body: inout RequestBody) -> [Tier] {
        var tiers: [Tier] = []
        for var object in body.objects("tiers", 1...EventBody.tierLimit) ?? [] {
            let id = object.required("id", object.text("id", 36...36)).flatMap { TierID($0) }
            let name = object.has("name") ? object.required("name", object.text("name", 1...100)) : nil
            let capacity = object.integer("capacity", EventBody.capacity)
            let unitAmount = object.integer("unitAmount", EventBody.amount)
            object.rejectUnknown()
            body.adopt(object)
            if let id { tiers.append(Tier(id: id, name: name, capacity: capacity, unitAmount: unitAmount)) }
        }
        return tiers
    }

    /// Capacities and prices that are named: what PostgreSQL has of the others may lag behind Redis.
    var terms: [(tier: TierID, capacity: Int?, unitAmount: Int64?)] {
        tiers.filter { $0.capacity != nil || $0.unitAmount != nil }
            .map { ($0.id, $0.capacity.map { Int($0) }, $0.unitAmount) }
    }

    /// The event as it is to be.
    ///
    /// - Throws: 400 for what cannot change, or a tier that is not the event's.
    func applied(to old: EventRecord) throws(Problem) -> EventRecord {
        var event = old
        event.title = title ?? old.title
        event.description = description.or(old.description)
        event.startsAt = startsAt ?? old.startsAt
        event.salesOpenAt = opens.or(old.salesOpenAt)
        event.salesCloseAt = closes.or(old.salesCloseAt)
        event.holdSeconds = holdSeconds ?? old.holdSeconds
        event.maxTicketsPerUser = maxTickets.or(old.maxTicketsPerUser)
        event.maxBookingsPerUser = maxBookings.or(old.maxBookingsPerUser)
        event.currency = currency ?? old.currency
        guard old.status == "draft" || event.currency == old.currency else {
            throw Problem.invalid([("/currency", "It cannot change once the event was published.")])
        }
        if let opens = event.salesOpenAt, let closes = event.salesCloseAt, opens >= closes {
            throw Problem.invalid([("/salesCloseAt", "It must be after salesOpenAt.")])
        }
        for (position, tier) in tiers.enumerated() {
            guard let index = old.tiers.firstIndex(where: { $0.id == tier.id }) else {
                throw Problem.invalid([("/tiers/\(position)/id", "The event has no such tier.")])
            }
            if tier.capacity != nil, old.tiers[index].kind == "seated" {
                throw Problem.invalid([("/tiers/\(position)/capacity", "A tier sold by seat has the seats it has.")])
            }
            event.tiers[index].name = tier.name ?? old.tiers[index].name
            event.tiers[index].capacity = tier.capacity.map { Int($0) } ?? old.tiers[index].capacity
            event.tiers[index].unitAmount = tier.unitAmount ?? old.tiers[index].unitAmount
        }
        return event
    }
}
