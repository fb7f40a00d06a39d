import API
import Accounts
import Foundation
import Support
import Testing

/// An event on sale.
struct TestEvent {
    let id: String
    let number: Int64
    let tier: String
    let json: Answer

    /// The body of a claim for the event.
    func claim(_ quantity: Int = 1, card: String? = nil, more: String = "") -> String {
        let payment = card.map { ",\"payment\":{\"cardNumber\":\"\($0)\"}" } ?? ""
        return "{\"eventId\":\"\(id)\",\"items\":[{\"tierId\":\"\(tier)\",\"quantity\":\(quantity)}]\(payment)\(more)}"
    }
}

/// The provider's test cards.
enum Card {
    static let good = "4242424242424242"
    static let declined = "4000000000000002"
    static let poor = "4000000000009995"
    static let late = "4000000000000077"
    static let broken = "4000000000000119"

    static func body(_ number: String) -> String { "{\"cardNumber\":\"\(number)\"}" }
}

extension TestAPI {
    /// An access token.
    static func token(_ user: String, roles: [String] = ["customer"]) -> String {
        AccessTokens(secret: secret).issue(
            subject: user, roles: roles, now: Int64(Date().timeIntervalSince1970), lifetime: 3600)
    }

    static let admin = token("admin", roles: ["admin"])

    /// A token of a unique user.
    static func newUser() -> String { token("user-\(UUID().uuidString)") }

    /// Sends one request on its own connection.
    func ask(_ request: Request) throws -> Answer {
        let client = HTTPClient(port: port)
        try client.send(request)
        return try client.answer(to: request)
    }

    /// Sends requests concurrently, each on its own connection.
    func askAll(_ requests: [Request]) throws -> [Answer] {
        let clients = requests.map { _ in HTTPClient(port: port) }
        for (client, request) in zip(clients, requests) { try client.send(request) }
        return try zip(clients, requests).map { try $0.answer(to: $1) }
    }

    /// Creates and publishes an event.
    ///
    /// - Parameter members: further members of the body, each with a comma before it.
    func event(capacity: Int = 100, price: Int = 4999, _ members: String = "") throws -> TestEvent {
        let body = """
            {"title":"Concert","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,
             "tiers":[{"name":"Standing","kind":"general","unitAmount":\(price),"capacity":\(capacity)}]\(members)}
            """
        let answer = try ask(Request("POST", "/v1/events", body).by(Self.admin))
        try #require(answer.status == 201, "\(answer.text)")
        return TestEvent(
            id: answer.id, number: try #require(answer["number"]?.integer),
            tier: try #require(answer["tiers"]?[0]?["id"]?.text), json: answer)
    }

    /// Creates an event of 100 units with further members.
    func event(_ members: String) throws -> TestEvent { try event(capacity: 100, members) }

    /// Claims units.
    func claim(
        _ event: TestEvent, _ quantity: Int = 1, by token: String, card: String? = nil, key: String? = nil,
        prefer: String? = nil
    ) throws -> Answer {
        var request = Request("POST", "/v1/bookings", event.claim(quantity, card: card)).by(token)
        if let key { request = request.keyed(key) }
        if let prefer { request = request.with("Prefer", prefer) }
        return try ask(request)
    }

    /// Acts on a booking.
    func act(_ action: String, _ booking: String, _ body: String = "{}", by token: String) throws -> Answer {
        try ask(Request("POST", "/v1/bookings/\(booking)/\(action)", body).by(token))
    }

    func booking(_ id: String, by token: String) throws -> Answer {
        try ask(Request("GET", "/v1/bookings/\(id)").by(token))
    }

    /// An event's availability: available, held, sold.
    func left(_ event: TestEvent) throws -> [Int64?] {
        let tier = try ask(Request("GET", "/v1/events/\(event.id)/availability"))["tiers"]?[0]
        return ["available", "held", "sold"].map { tier?[$0]?.integer }
    }

    /// Repeats the request until the condition holds; returns the last answer after 10 s.
    func until(_ condition: (Answer) -> Bool, _ request: Request) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let answer = try ask(request)
            if condition(answer) || ContinuousClock.now >= deadline { return answer }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
