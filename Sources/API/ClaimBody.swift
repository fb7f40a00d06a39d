import Booking
import HTTPServer
import Inventory

/// The items of a claim, before the event that they are of is known.
struct ClaimBody {
    /// One item as it was sent.
    private enum Item {
        case ready(ClaimItem)
        case seats([SeatID], pointer: String)
    }

    /// Seats of one claim; bounds what one script call does.
    static let seatLimit = 512
    /// Adjacent seats that can be asked for; what a byte of the longest runs can tell.
    private static let adjacentLimit: Int64 = 127

    private let items: [Item]

    /// Reads `items`: each has `quantity`, `seatIds` or `bestAvailable`.
    init?(_ body: inout RequestBody) {
        guard let objects = body.objects("items", 1...20) else { return nil }
        var items: [Item] = []
        for var object in objects {
            if let item = Self.item(&object) { items.append(item) }
            object.rejectUnknown()
            body.adopt(object)
        }
        self.items = items
    }

    private static func item(_ object: inout RequestBody) -> Item? {
        if object.has("seatIds") {
            let pointer = object.path("seatIds")
            return seatIDs(&object).map { .seats($0, pointer: pointer) }
        }
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
        guard let text = object.text("tierId", 36...36) else { return nil }
        guard let tier = TierID(text) else {
            object.wrong("tierId", "It must be the id of a tier.")
            return nil
        }
        return tier
    }

    /// Reads `seatIds`.
    static func seatIDs(_ object: inout RequestBody) -> [SeatID]? {
        guard let texts = object.texts("seatIds", 1...seatLimit) else { return nil }
        var ids: [SeatID] = []
        for (index, text) in texts.enumerated() {
            guard let id = SeatID(text) else {
                object.wrong("seatIds/\(index)", "It must be the id of a seat.")
                continue
            }
            ids.append(id)
        }
        return ids
    }

    /// The seats that ids name, each once, in order.
    ///
    /// - Throws: 400 for one of another event.
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

    /// The items as a claim of this event; seats that are named in several of them are one.
    func items(of event: EventID) throws(Problem) -> [ClaimItem] {
        var claim: [ClaimItem] = []
        var named: Set<SeatPosition> = []
        for item in items {
            switch item {
            case .ready(let item): claim.append(item)
            case .seats(let ids, let pointer):
                named.formUnion(try Self.positions(ids, of: event, pointer: pointer))
            }
        }
        guard named.count <= Self.seatLimit else {
            throw Problem.invalid([("/items", "A booking may have at most \(Self.seatLimit) named seats.")])
        }
        if !named.isEmpty { claim.append(.seats(named.sorted())) }
        return claim
    }
}
