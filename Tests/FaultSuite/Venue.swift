import Support

/// The events that one run books.
struct Venue: Sendable {
    /// An event with one tier.
    struct Event: Sendable {
        let id: String
        let tier: String
        let capacity: Int
        /// The hall's seats; empty for units without seats.
        let seats: [String]
    }

    /// More units than customers want.
    let wide: Event
    /// Fewer units than customers want.
    let scarce: Event
    /// A hall with seats.
    let hall: Event
    /// Its one unit is sold and persisted before the first fault: no later claim may get it.
    let soldOut: Event

    var all: [Event] { [wide, scarce, hall, soldOut] }

    static let price = 1000
    /// Short, so that holds expire within the run.
    static let holdSeconds = 2

    /// Creates and publishes the events.
    init(_ world: World, admin: String, buyer: String) throws {
        let client = world.customer(of: "serve-0", patienceSeconds: 30)
        let headers = bearer(admin)
        // Usher may notice only now what the last run did to an idle partition.
        func send(_ path: String, _ body: String, _ headers: [(String, String)]) throws -> HTTPClient.Answer {
            var answer = try client.send("POST", path, headers: headers, body: body)
            try eventually("\(path) is open: \(answer.text)") {
                guard answer.status == 503, answer.json["code"] as? String == "inventory-recovering" else {
                    return true
                }
                answer = try client.send("POST", path, headers: headers, body: body)
                return false
            }
            return answer
        }
        func post(_ path: String, _ body: String, _ headers: [(String, String)]) throws -> [String: Any] {
            let answer = try send(path, body, headers)
            guard answer.status == 201 else { throw SupportError("\(path): \(answer.status) \(answer.text)") }
            return answer.json
        }
        func event(_ tier: String, _ capacity: Int, more: String = "") throws -> Event {
            let made = try post(
                "/v1/events",
                """
                {"title":"Fault","startsAt":"2099-01-01T20:00:00.000Z","currency":"USD","publish":true,
                 "holdSeconds":\(Self.holdSeconds),"maxTicketsPerUser":null\(more),
                 "tiers":[{"name":"T","unitAmount":\(Self.price),\(tier)}]}
                """, headers)
            let id = made["id"] as? String ?? ""
            let tiers = made["tiers"] as? [[String: Any]] ?? []
            let seats = try client.send("GET", "/v1/events/\(id)/seats").json["seats"] as? [[String: Any]] ?? []
            return Event(
                id: id, tier: tiers.first?["id"] as? String ?? "", capacity: capacity,
                seats: seats.compactMap { $0["id"] as? String })
        }
        let rows = (1...5).map { row in
            "{\"name\":\"\(row)\",\"seats\":[" + (1...8).map { "\"\($0)\"" }.joined(separator: ",") + "]}"
        }
        let venue = try post(
            "/v1/venues",
            "{\"name\":\"Hall\",\"sections\":[{\"name\":\"A\",\"rows\":[\(rows.joined(separator: ","))]}]}",
            headers)
        wide = try event("\"kind\":\"general\",\"capacity\":100000", 100_000)
        scarce = try event("\"kind\":\"general\",\"capacity\":30", 30)
        hall = try event(
            "\"kind\":\"seated\",\"sections\":[\"A\"]", 40, more: ",\"venueId\":\"\(venue["id"] as? String ?? "")\"")
        soldOut = try event("\"kind\":\"general\",\"capacity\":1", 1)
        let sold = try send(
            "/v1/bookings", soldOut.claim(quantity: 1, card: Card.succeeds), bearer(buyer) + [("Prefer", "wait=5")])
        guard let booking = sold.json["id"] as? String else { throw SupportError("not sold: \(sold.text)") }
        // The provider may have withheld its answer; Usher asks again.
        try eventually("the last unit is sold") {
            let now = try client.send("GET", "/v1/bookings/\(booking)", headers: bearer(buyer)).json
            return now["status"] as? String == "CONFIRMED"
        }
    }
}

extension Venue.Event {
    /// The body of a claim of units, paid at once if there is a card.
    func claim(quantity: Int, card: Card? = nil) -> String {
        claim("{\"tierId\":\"\(tier)\",\"quantity\":\(quantity)}", card)
    }

    /// The body of a claim of these seats.
    func claim(seats: [String], card: Card? = nil) -> String {
        claim("{\"seatIds\":[" + seats.map { "\"\($0)\"" }.joined(separator: ",") + "]}", card)
    }

    /// The body of a claim of the best seats.
    func claim(best: Int, card: Card? = nil) -> String {
        claim("{\"tierId\":\"\(tier)\",\"bestAvailable\":\(best)}", card)
    }

    private func claim(_ items: String, _ card: Card?) -> String {
        let payment = card.map { ",\"payment\":\($0.body)" } ?? ""
        return "{\"eventId\":\"\(id)\",\"items\":[\(items)]\(payment)}"
    }
}

/// Cards of the simulated provider.
enum Card: String, Sendable {
    case succeeds = "4242424242424242"
    case declines = "4000000000000002"
    case answersLater = "4000000000000077"
    case breaks = "4000000000000119"

    var body: String { "{\"cardNumber\":\"\(rawValue)\"}" }

    static func any(_ dice: inout SeededGenerator) -> Card {
        switch Int.random(in: 0..<100, using: &dice) {
        case 0..<82: .succeeds
        case 82..<90: .declines
        case 90..<95: .answersLater
        default: .breaks
        }
    }
}
