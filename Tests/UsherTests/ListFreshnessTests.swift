import Foundation
import Support
import Testing

/// A change through one copy of the API is in a list requested from another copy right after.
@Suite("Lists of two copies", .serialized)
struct ListFreshnessTests {
    /// Rounds of changes; `USHER_LIST_ROUNDS` overrides it.
    private static let rounds = ProcessInfo.processInfo.environment["USHER_LIST_ROUNDS"].flatMap { Int($0) } ?? 100

    /// A long wait, so that the test does not depend on how fast this machine persists.
    private static let environment = ["USHER_PERSIST_WAIT_MS": "20000", "USHER_PARTITIONS": "64"]

    /// Rounds of one user: all of its bookings fit in one page.
    private static let roundsOfUser = 20

    private let cluster: Cluster
    private let admin: [(String, String)]
    /// The headers of each user.
    private let users: [[(String, String)]]

    init() throws {
        let cluster = try Cluster(environment: Self.environment)
        self.cluster = cluster
        admin = bearer(try cluster.token("admin", role: "admin"))
        users = try (0...Self.rounds / Self.roundsOfUser).map { bearer(try cluster.token("user-\($0)")) }
    }

    @Test("contain every booking that the other copy has acknowledged, in each of its states")
    func changeHereListThere() throws {
        let event = try cluster.makeEvent(capacity: 1_000_000)
        let short = try cluster.makeEvent(capacity: 1_000_000, holdSeconds: 1)
        let clients = cluster.ports.map { HTTPClient(port: $0) }
        var seen = Seen()
        var lapsing: [(user: Int, id: String, at: String)] = []
        for round in 0..<Self.rounds {
            let (here, there) = (clients[round % 2], clients[(round + 1) % 2])
            let user = round / Self.roundsOfUser
            let token = users[user]
            let held = try ask(here, "POST", "/v1/bookings", token, Self.claim(event, 3))
            let id = try #require(held["id"] as? String)
            try look(there, user, id, "RESERVED", &seen)
            let path = "/v1/bookings/\(id)"
            let tier = event.tier
            for (action, body, status) in [
                ("extend", "{}", "RESERVED"), ("items/\(tier)/cancel", "{\"quantity\":1}", "RESERVED"),
                ("payments", "{\"cardNumber\":\"4242424242424242\"}", "CONFIRMED"),
                ("items/\(tier)/cancel", "{\"quantity\":1}", "CONFIRMED"), ("cancel", "{}", "CANCELLED"),
            ] {
                let changed = try ask(here, "POST", "\(path)/\(action)", token, body)
                #expect(changed["status"] as? String == status, "\(action): \(changed)")
                try look(there, user, id, status, version: changed["version"] as? Int, &seen)
            }
            let payments = try ask(there, "GET", "/v1/payments?bookingId=\(id)", admin)
            seen.count(payments, (payments["data"] as? [[String: Any]])?.first?["status"] as? String != "PENDING")
            // Checked after its expiry.
            let lapse = try ask(here, "POST", "/v1/bookings", token, Self.claim(short, 1))
            lapsing.append(
                (user, try #require(lapse["id"] as? String), try #require(lapse["expiresAt"] as? String)))
        }
        try untilPast(try #require(lapsing.last?.at))
        for (round, (user, id, _)) in lapsing.enumerated() {
            try look(clients[round % 2], user, id, "EXPIRED", &seen)
        }
        print("lists: \(seen.lists), misses: \(seen.misses), incomplete: \(seen.incomplete)")
        #expect(seen.lists == Self.rounds * 22)
        #expect(seen.misses == 0)
        #expect(seen.incomplete == 0)
    }

    private struct Seen {
        var lists = 0
        var misses = 0
        var incomplete = 0

        mutating func count(_ list: [String: Any], _ hasIt: Bool) {
            lists += 1
            if !hasIt { misses += 1 }
            if list["complete"] as? Bool != true { incomplete += 1 }
        }
    }

    private static func claim(_ event: (id: String, tier: String), _ quantity: Int) -> String {
        "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":\(quantity)}]}"
    }

    private func ask(
        _ client: HTTPClient, _ method: String, _ path: String, _ headers: [(String, String)], _ body: String? = nil
    ) throws -> [String: Any] {
        let answer = try client.send(method, path, headers: headers, body: body)
        try #require((200...202).contains(answer.status), "\(method) \(path): \(answer.status) \(answer.text)")
        return answer.json
    }

    /// Looks for a booking in three lists: its owner's, its owner's by status, and the administrator's.
    private func look(
        _ client: HTTPClient, _ user: Int, _ id: String, _ status: String, version: Int? = nil,
        _ seen: inout Seen
    ) throws {
        for (path, token) in [
            ("/v1/bookings?limit=100", users[user]), ("/v1/bookings?limit=100&status=\(status)", users[user]),
            ("/v1/admin/bookings?limit=100&status=\(status)&userId=user-\(user)", admin),
        ] {
            let list = try ask(client, "GET", path, token)
            let found = (list["data"] as? [[String: Any]])?.first { $0["id"] as? String == id }
            let isNew = version.map { found?["version"] as? Int ?? 0 >= $0 } ?? true
            seen.count(list, found?["status"] as? String == status && isNew)
        }
    }

    /// Waits until a hold has expired by Redis's clock, which is this machine's.
    private func untilPast(_ time: String) throws {
        let form = ISO8601DateFormatter()
        form.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let end = try #require(form.date(from: time))
        try eventually("the holds expire") { Date() > end }
    }
}
