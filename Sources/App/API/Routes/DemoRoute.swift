package import Accounts
import HTTP
import JSON

/// Data for trying things out: users to sign in as, and the simulated provider's cards.
package struct Demonstration: Sendable {
    /// Users whose passwords are public.
    package var users: [DemoUsers.Account]

    package init(users: [DemoUsers.Account]) { self.users = users }

    /// The cards of the simulated provider, with the outcome of a charge.
    static let cards = [
        ("4242424242424242", "succeeds"), ("4000000000000002", "declines"), ("4000000000009995", "insufficient-funds"),
        ("4000000000000077", "answers-later"), ("4000000000000119", "fails"),
    ]
}

/// `/v1/demo`: the payment provider, so that a page can show that no money is taken; and the demonstration's users and
/// cards, empty outside of a demonstration.
final class DemoRoute {
    private let body: [UInt8]

    /// - Parameter provider: the name of the payment provider; `simulated` if no money is taken.
    init(_ demonstration: Demonstration?, provider: String) {
        var json = JSONWriter()
        json.beginObject()
        json.member("paymentProvider", provider)
        json.key("users")
        json.beginArray()
        for user in demonstration?.users ?? [] {
            json.beginObject()
            json.member("name", user.name)
            json.member("email", user.email)
            json.member("password", user.password)
            json.key("roles")
            json.beginArray()
            for role in user.roles { json.string(role) }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.key("cards")
        json.beginArray()
        for (number, outcome) in demonstration == nil ? [] : Demonstration.cards {
            json.beginObject()
            json.member("number", number)
            json.member("outcome", outcome)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        body = json.bytes
    }

    func add(to router: Router) {
        let body = body
        router.add(.get, "/v1/demo", .anyone) { _ in .json(200, body) }
    }
}
