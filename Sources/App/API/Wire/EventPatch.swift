import BoxOffice
import HTTP
import Records
import SeatInventory

/// The body of `PATCH /v1/events/{id}`: missing members are not changed.
struct EventPatch {
    private enum Tier {
        case change(TierID, name: String?, capacity: Int64?, unitAmount: Int64?)
        case addition(TierRecord)
    }
    /// A member that may be null, and may be missing.
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
    private let closes: Cutoff?
    private let cancelUntil: Cutoff?
    private let timeZone: TimeZoneName?
    private let currency: String?
    private let holdSeconds: Int64?
    private let maxTickets: Change<Int64>
    private let maxBookings: Change<Int64>
    private let changesSale: Bool
    private var tiers: [Tier]

    /// - Parameter tierID: makes the id of an added tier.
    init(_ body: inout RequestBody, tierID: () -> TierID) throws(Problem) {
        title = body.has("title") ? body.required("title", body.visibleText("title", 1...200)) : nil
        description = body.has("description") ? .to(body.text("description", 0...5000)) : .kept
        startsAt = body.has("startsAt") ? body.required("startsAt", body.time("startsAt")) : nil
        opens = body.has("salesOpenAt") ? .to(body.time("salesOpenAt")) : .kept
        closes = body.cutoff("salesCloseAt")
        cancelUntil = body.cutoff("cancelUntil")
        timeZone = body.has("timeZone") ? body.required("timeZone", body.timeZone("timeZone")) : nil
        currency = body.has("currency") ? body.required("currency", EventBody.currency(&body)) : nil
        holdSeconds =
            body.has("holdSeconds") ? body.required("holdSeconds", body.integer("holdSeconds", 1...86400)) : nil
        maxTickets =
            body.has("maxTicketsPerUser") ? .to(body.integer("maxTicketsPerUser", EventBody.userLimit)) : .kept
        maxBookings =
            body.has("maxBookingsPerUser") ? .to(body.integer("maxBookingsPerUser", EventBody.userLimit)) : .kept
        changesSale = ["startsAt", "salesOpenAt", "salesCloseAt"].contains { body.has($0) }
        if body.has("venueId") { body.wrong("venueId", "The hall of an event never changes; create another event.") }
        tiers = body.has("tiers") ? Self.tiers(&body, tierID) : []
        _ = body.value("venueId")
        try body.finish()
    }

    private static func tiers(_ body: inout RequestBody, _ tierID: () -> TierID) -> [Tier] {
        var tiers: [Tier] = []
        for var object in body.objects("tiers", 1...EventBody.tierLimit) ?? [] {
            let tier = object.has("id") ? change(&object) : addition(&object, tierID)
            object.rejectUnknown()
            body.adopt(object)
            if let tier { tiers.append(tier) }
        }
        return tiers
    }

    private static func change(_ object: inout RequestBody) -> Tier? {
        let id = object.required("id", object.id("id", of: "a tier") { TierID($0) })
        let name = object.has("name") ? object.required("name", object.visibleText("name", 1...100)) : nil
        let capacity = object.integer("capacity", EventBody.capacity)
        let unitAmount = object.integer("unitAmount", EventBody.amount)
        return id.map { .change($0, name: name, capacity: capacity, unitAmount: unitAmount) }
    }

    /// Seats belong to the hall and never change: only tiers of general admission can be added.
    private static func addition(_ object: inout RequestBody, _ tierID: () -> TierID) -> Tier? {
        let name = object.required("name", object.visibleText("name", 1...100))
        let kind = object.required("kind", object.text("kind", 1...20))
        let unitAmount = object.required("unitAmount", object.integer("unitAmount", EventBody.amount))
        let capacity = object.required("capacity", object.integer("capacity", EventBody.capacity))
        if let kind, kind != TierKind.general.rawValue {
            object.wrong("kind", "Only a tier of kind general can be added to an event.")
        }
        guard let name, let kind, let unitAmount, let capacity else { return nil }
        return .addition(
            TierRecord(id: tierID(), name: name, kind: kind, unitAmount: unitAmount, capacity: Int(capacity)))
    }

    /// Whether the patch adds tiers.
    var addsTiers: Bool { !additions.isEmpty }

    private var additions: [TierRecord] {
        tiers.compactMap { if case .addition(let tier) = $0 { tier } else { nil } }
    }

    /// The tiers to add to an event; on a published event they start without units, which they get later.
    ///
    /// - Throws: 400 if the event would have too many tiers.
    mutating func addedTiers(to event: EventRecord) throws(Problem) -> [TierRecord] {
        let added = additions
        guard event.tiers.count(where: { $0.capacity > 0 }) + added.count <= EventBody.tierLimit else {
            throw Problem.invalid([
                ("/tiers", "An event has at most \(EventBody.tierLimit) tiers; it has \(event.tiers.count) already.")
            ])
        }
        adopt(event.tiers.filter { $0.capacity == 0 })
        return additions.map { tier in
            var tier = tier
            if event.status != "draft" { tier.capacity = 0 }
            return tier
        }
    }

    /// Reuses the tier of an interrupted addition of the same name, so that a retry does not add it twice.
    private mutating func adopt(_ unfinished: [TierRecord]) {
        var unfinished = unfinished
        for index in tiers.indices {
            guard case .addition(let tier) = tiers[index],
                let known = unfinished.firstIndex(where: { Array($0.name.utf8) == Array(tier.name.utf8) })
            else { continue }
            tiers[index] = .addition(
                TierRecord(
                    id: unfinished.remove(at: known).id, name: tier.name, kind: tier.kind, unitAmount: tier.unitAmount,
                    capacity: tier.capacity))
        }
    }

    /// Tiers whose capacity or price the patch sets: PostgreSQL's values of the others may lag behind Redis.
    var terms: [TierTerms] {
        tiers.compactMap { tier in
            switch tier {
            case .change(_, _, nil, nil): nil
            case .change(let id, _, let capacity, let unitAmount):
                TierTerms(tier: id, capacity: capacity.map { Int($0) }, unitAmount: unitAmount)
            case .addition(let tier):
                TierTerms(
                    tier: tier.id, capacity: tier.capacity, unitAmount: tier.unitAmount, addedKind: .general)
            }
        }
    }

    /// The changed event.
    ///
    /// - Throws: 400 for a member that cannot change, or a tier that the event does not have.
    func applied(to old: EventRecord) throws(Problem) -> EventRecord {
        var event = old
        event.title = title ?? old.title
        event.description = description.or(old.description)
        event.startsAt = startsAt ?? old.startsAt
        event.salesOpenAt = opens.or(old.salesOpenAt)
        event.salesClose = closes ?? old.salesClose
        event.cancelUntil = cancelUntil ?? old.cancelUntil
        event.timeZone = timeZone ?? old.timeZone
        event.holdSeconds = holdSeconds ?? old.holdSeconds
        event.maxTicketsPerUser = maxTickets.or(old.maxTicketsPerUser)
        event.maxBookingsPerUser = maxBookings.or(old.maxBookingsPerUser)
        event.currency = currency ?? old.currency
        guard old.status == "draft" || event.currency == old.currency else {
            throw Problem.invalid([("/currency", "It cannot change once the event was published.")])
        }
        // Sale times are checked only if the patch changes them: earlier ones were accepted.
        if changesSale, let wrong = EventBody.saleFault(of: event) {
            throw Problem.invalid([("/\(wrong.name)", wrong.detail)])
        }
        for (position, tier) in tiers.enumerated() { try apply(tier, at: position, to: &event) }
        return event
    }

    private func apply(_ tier: Tier, at position: Int, to event: inout EventRecord) throws(Problem) {
        switch tier {
        case .change(let id, let name, let capacity, let unitAmount):
            guard let index = event.tiers.firstIndex(where: { $0.id == id }) else {
                throw Problem.invalid([("/tiers/\(position)/id", "The event has no such tier.")])
            }
            if capacity != nil, event.tiers[index].kind == TierKind.seated.rawValue {
                throw Problem.invalid([("/tiers/\(position)/capacity", "A seated tier cannot change its capacity.")])
            }
            event.tiers[index].name = name ?? event.tiers[index].name
            event.tiers[index].capacity = capacity.map { Int($0) } ?? event.tiers[index].capacity
            event.tiers[index].unitAmount = unitAmount ?? event.tiers[index].unitAmount
        case .addition(let tier):
            // The tier was added without units a moment ago, or is about to be.
            event.tiers.removeAll { $0.id == tier.id }
            event.tiers.append(tier)
        }
    }
}
