import BoxOffice
import HTTP
import JSON
import SeatInventory

/// The body of `POST /v1/bookings`.
struct ClaimBody {
    /// One item, before its event is known.
    private enum Item {
        case ready(ClaimItem)
        case seats([SeatID])
    }

    /// Most seats that a claim may name; bounds the work of one script call.
    static let seatLimit = 512
    /// Most adjacent seats that a claim may ask for: the longest run that fits the byte that stores it.
    private static let adjacentLimit: Int64 = 127

    /// The id or the number of the event.
    let event: String
    /// The requested items, in the order of the request.
    private let items: [Item]
    /// The means of payment, if the claim is to be paid at once.
    let means: PaymentMeansBody?
    /// The alias of the `Idempotency-Key`.
    let idempotencyKey: String?

    /// Reads a request's body.
    init(_ request: HTTPRequest) throws(Problem) {
        var body = try RequestBody(request)
        try self.init(&body)
    }

    /// Reads a parsed body.
    init(_ body: inout RequestBody) throws(Problem) {
        let event = body.required("eventId", Self.eventReference(&body))
        let items = body.required("items", Self.items(&body))
        means = PaymentMeansBody.read(&body, "payment")
        idempotencyKey = body.idempotencyKey()
        try body.finish()
        guard let event, let items else { throw Problem.invalid(body.errors) }
        self.event = event
        self.items = items
    }

    /// An event's id, or its number as a text or a number.
    static func eventReference(_ body: inout RequestBody, _ name: String = "eventId") -> String? {
        let value = body.value(name)
        if let number = value?.wholeNumber, number > 0 { return String(number) }
        switch value {
        case .string(let text)? where APIContext.isEventReference(text): return text
        case nil: return nil
        default:
            body.wrong(
                name, "It must be the id of an event, such as 0190f3c2-6f1e-7a4b-9c1d-2e8f5a7b6c3d, or its number.")
            return nil
        }
    }

    private static func items(_ body: inout RequestBody) -> [Item]? {
        guard let objects = body.objects("items", 1...20) else { return nil }
        var items: [Item] = []
        for var object in objects {
            if let item = item(&object) { items.append(item) }
            object.rejectUnknown()
            body.adopt(object)
        }
        return items
    }

    private static func item(_ object: inout RequestBody) -> Item? {
        if object.has("seatIds") { return object.required("seatIds", seatIDs(&object)).map { .seats($0) } }
        let tier = object.required("tierId", tier(&object))
        if object.has("bestAvailable") {
            let count = object.required("bestAvailable", object.integer("bestAvailable", 1...adjacentLimit))
            guard let tier, let count else { return nil }
            return .ready(.best(tier, Int(count)))
        }
        let quantity = object.required("quantity", object.integer("quantity", 1...1000))
        guard let tier, let quantity else { return nil }
        return .ready(.units(tier, Int(quantity)))
    }

    private static func tier(_ object: inout RequestBody) -> TierID? {
        object.id("tierId", of: "a tier") { TierID($0) }
    }

    /// Reads `seatIds`.
    static func seatIDs(_ object: inout RequestBody) -> [SeatID]? {
        guard let texts = object.texts("seatIds", 1...seatLimit) else { return nil }
        var ids: [SeatID] = []
        for (index, text) in texts.enumerated() {
            guard let id = SeatID(text) else {
                object.wrong("seatIds/\(index)", "It must be the id of a seat; GET /v1/events/{id}/seats lists them.")
                continue
            }
            ids.append(id)
        }
        return ids
    }

    /// The positions of the named seats, each once, in order.
    ///
    /// - Throws: 400 for a seat of another event.
    static func positions(_ ids: [SeatID], of event: EventID, pointer: String) throws(Problem) -> [SeatPosition] {
        var seats: Set<SeatPosition> = []
        var errors: [(pointer: String, detail: String)] = []
        for (index, id) in ids.enumerated() {
            if let position = id.position(in: event) {
                seats.insert(position)
            } else {
                errors.append(("\(pointer)/\(index)", "The event has no such seat."))
            }
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        return seats.sorted()
    }

    /// The items as a claim of this event; a seat that several items name counts once.
    func items(of event: EventID) throws(Problem) -> [ClaimItem] {
        var claim: [ClaimItem] = []
        var named: Set<SeatPosition> = []
        for (index, item) in items.enumerated() {
            switch item {
            case .ready(let item): claim.append(item)
            case .seats(let ids):
                named.formUnion(try Self.positions(ids, of: event, pointer: "/items/\(index)/seatIds"))
            }
        }
        guard named.count <= Self.seatLimit else {
            throw Problem.invalid([("/items", "A booking may have at most \(Self.seatLimit) named seats.")])
        }
        if !named.isEmpty { claim.append(.seats(named.sorted())) }
        return claim
    }

    /// 400 for tiers that the event does not have.
    func unknown(_ tiers: [TierID]) -> Problem { wrong(tiers, "tierId", "The event has no such tier.") }

    /// 400 for tiers that are sold in the other way: by seat, or by quantity.
    func mistaken(_ tiers: [TierID]) -> Problem {
        .invalid(
            items.enumerated().compactMap { index, item in
                switch item {
                case .ready(.units(let tier, _)) where tiers.contains(tier):
                    ("/items/\(index)/quantity", "The tier is sold by seat.")
                case .ready(.best(let tier, _)) where tiers.contains(tier):
                    ("/items/\(index)/bestAvailable", "The tier is not sold by seat.")
                default: nil
                }
            })
    }

    private func wrong(_ tiers: [TierID], _ member: String, _ detail: String) -> Problem {
        .invalid(
            items.enumerated().compactMap { index, item in
                guard case .ready(let ready) = item, let tier = ready.tier, tiers.contains(tier) else { return nil }
                return ("/items/\(index)/\(member)", detail)
            })
    }
}
