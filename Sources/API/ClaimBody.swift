import Booking
import HTTPServer
import Inventory
import JSON

/// The body of `POST /v1/bookings`.
struct ClaimBody {
    /// The id or the number of the event.
    let event: String
    /// What is asked for, in the order of the request.
    let items: [ClaimItem]
    /// What is paid with, when it is to be paid at once.
    let means: PaymentMeansBody?
    /// The alias of the `Idempotency-Key`.
    let idempotencyKey: String?

    /// Reads it.
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
    private static func eventReference(_ body: inout RequestBody) -> String? {
        switch body.value("eventId") {
        case .integer(let number)? where number > 0: return String(number)
        case .string(let text)? where APIContext.isEventReference(text): return text
        case nil: return nil
        default:
            body.wrong("eventId", "It must be the id or the number of an event.")
            return nil
        }
    }

    private static func items(_ body: inout RequestBody) -> [ClaimItem]? {
        guard let objects = body.objects("items", 1...20) else { return nil }
        var items: [ClaimItem] = []
        for var object in objects {
            let tier = object.required("tierId", object.text("tierId", 36...36))
            let quantity = object.required("quantity", object.integer("quantity", 1...1000))
            if let tier, TierID(tier) == nil { object.wrong("tierId", "It must be the id of a tier.") }
            object.rejectUnknown()
            body.adopt(object)
            if let tier = tier.flatMap({ TierID($0) }), let quantity {
                items.append(ClaimItem(tier: tier, quantity: Int(quantity)))
            }
        }
        return items
    }

    /// 400 for tiers that are not of the event.
    func unknown(_ tiers: [TierID]) -> Problem {
        .invalid(
            items.indices.filter { tiers.contains(items[$0].tier) }
                .map { ("/items/\($0)/tierId", "The event has no such tier.") })
    }
}
