import Testing

/// An event in its own hall: section A with two rows of five at 200, section B with one row of four at 100, and ten
/// standing at 50.
struct TestHall {
    let event: String
    /// Tiers by name: `Front`, `Back`, `Standing`.
    let tiers: [String: String]

    static let layout = """
        [{"name":"A","rows":[{"name":"1","seats":["1","2","3","4","5"]},{"name":"2","seats":["1","2","3","4","5"]}]},
         {"name":"B","rows":[{"name":"1","seats":["a","b","c","d"]}]}]
        """

    init(_ api: TestAPI, _ members: String = "") throws {
        let venue = try api.ask(
            Request("POST", "/v1/venues", "{\"name\":\"Hall\",\"sections\":\(Self.layout)}").by(TestAPI.admin))
        try #require(venue.status == 201, "\(venue.text)")
        let body = """
            {"title":"Opera","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,"venueId":"\(venue.id)",
             "tiers":[{"name":"Front","kind":"seated","unitAmount":200,"sections":["A"]},
              {"name":"Standing","kind":"general","unitAmount":50,"capacity":10},
              {"name":"Back","kind":"seated","unitAmount":100,"sections":["B"]}]\(members)}
            """
        let answer = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
        try #require(answer.status == 201, "\(answer.text)")
        event = answer.id
        var tiers: [String: String] = [:]
        for tier in answer["tiers"]?.elements ?? [] { tiers[tier["name"]?.text ?? ""] = tier["id"]?.text }
        self.tiers = tiers
    }

    /// Ids of seats by `section row number`.
    func seats(_ api: TestAPI) throws -> [String: String] {
        try ids(api).mapValues(\.id)
    }

    /// The status of each seat.
    func statuses(_ api: TestAPI) throws -> [String: String] {
        try ids(api).mapValues(\.status)
    }

    private func ids(_ api: TestAPI) throws -> [String: (id: String, status: String)] {
        let answer = try api.ask(Request("GET", "/v1/events/\(event)/seats"))
        try #require(answer.status == 200, "\(answer.text)")
        var seats: [String: (id: String, status: String)] = [:]
        for seat in answer["seats"]?.elements ?? [] {
            let name = ["section", "row", "number"].map { seat[$0]?.text ?? "?" }.joined(separator: " ")
            seats[name] = (seat["id"]?.text ?? "", seat["status"]?.text ?? "")
        }
        return seats
    }

    /// A claim's body with these items.
    func claim(_ items: String, card: String? = nil) -> String {
        let payment = card.map { ",\"payment\":{\"cardNumber\":\"\($0)\"}" } ?? ""
        return "{\"eventId\":\"\(event)\",\"items\":[\(items)]\(payment)}"
    }

    func claim(_ api: TestAPI, _ items: String, by token: String, card: String? = nil) throws -> Answer {
        try api.ask(Request("POST", "/v1/bookings", claim(items, card: card)).by(token))
    }

    /// An item that names seats.
    static func named(_ ids: String?...) -> String {
        "{\"seatIds\":[\(ids.map { "\"\($0 ?? "")\"" }.joined(separator: ","))]}"
    }

    /// The seats of a booking, by `section row number`.
    static func seats(of booking: Answer) -> [String] {
        (booking["items"]?.elements ?? []).flatMap { $0["seats"]?.elements ?? [] }.map { seat in
            ["section", "row", "number"].map { seat[$0]?.text ?? "?" }.joined(separator: " ")
        }
    }
}
