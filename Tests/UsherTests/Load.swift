import Foundation
import Glibc
import Support
import Synchronization
import Testing

/// Customers who claim and pay through several copies, and a journal of every response.
final class Load: Sendable {
    /// The last response about one booking.
    fileprivate struct Told {
        var status: String
        var isPersisted: Bool
    }
    fileprivate struct Journal {
        var told: [String: Told] = [:]
        var refusals: [String: Int] = [:]
        var lost = 0
        var unpersisted = 0
    }

    private let cluster: Cluster
    private let event: (id: String, tier: String)
    private let capacity = 100_000
    private let tokens: [String]
    private let journal = Mutex(Journal())
    private let isStopping = Atomic(false)

    init(_ cluster: Cluster) throws {
        self.cluster = cluster
        event = try cluster.makeEvent(capacity: capacity)
        tokens = try (0..<8).map { try cluster.token("user-\($0)") }
    }

    /// Bookings whose last response is `CONFIRMED`.
    var confirmed: Int { journal.withLock { $0.told.values.count { $0.status == "CONFIRMED" } } }
    /// Requests without a response.
    var lost: Int { journal.withLock { $0.lost } }
    /// Responses with status `CONFIRMED` and `persisted: false`.
    var unpersisted: Int { journal.withLock { $0.unpersisted } }
    /// Refusals by status and code.
    var refusals: [String: Int] { journal.withLock { $0.refusals } }

    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// Books until `stop`: in one request or in two steps, sometimes cancelling.
    func start(threads: Int) -> RunningThreads {
        RunningThreads(threads) { [self] index in
            let clients = cluster.ports.map { HTTPClient(port: $0) }
            let headers = bearer(tokens[index % tokens.count])
            var turn = index
            while !isStopping.load(ordering: .relaxed) {
                turn += 1
                book(clients[turn % clients.count], headers, "\(index)-\(turn)", twoSteps: turn % 3 == 0)
            }
        }
    }

    private func book(_ client: HTTPClient, _ headers: [(String, String)], _ key: String, twoSteps: Bool) {
        let keyed = headers + [("Idempotency-Key", key)]
        let body = twoSteps ? RaceTests.claim(event) : RaceTests.paidClaim(event)
        guard let claimed = ask(client, "POST", "/v1/bookings", keyed, body), twoSteps,
            let id = claimed.json["id"] as? String
        else { return }
        let payment = "{\"cardNumber\":\"4242424242424242\"}"
        let paid = ask(client, "POST", "/v1/bookings/\(id)/payments", headers, payment)
        if paid != nil, UInt8.random(in: 0..<8) == 0 {
            _ = ask(client, "DELETE", "/v1/bookings/\(id)", headers, nil)
        }
    }

    private func ask(
        _ client: HTTPClient, _ method: String, _ path: String, _ headers: [(String, String)], _ body: String?
    ) -> HTTPClient.Answer? {
        guard let answer = try? client.send(method, path, headers: headers, body: body) else {
            journal.withLock { $0.lost += 1 }
            usleep(20_000)
            return nil
        }
        journal.withLock { $0.note(answer) }
        return (200...202).contains(answer.status) ? answer : nil
    }

    /// Waits until every acknowledged booking is in PostgreSQL, and checks that the counters match the bookings.
    func verify() throws {
        let told = journal.withLock { $0.told }
        #expect(!told.isEmpty, "no booking was acknowledged")
        let statuses = told.mapValues(\.status)
        var missing: [String] = []
        do {
            try eventually("every acknowledged booking is persisted") {
                let rows = try cluster.postgres.rows("SELECT id, status FROM bookings")
                let written = Dictionary(
                    uniqueKeysWithValues: rows.map { row in
                        let part = row.split(separator: "|").map(String.init)
                        return (part[0], part[1])
                    })
                missing = statuses.filter { Self.order($0.value) > Self.order(written[$0.key] ?? "") }.map {
                    "\($0.key) was \($0.value), is \(written[$0.key] ?? "missing")"
                }
                return missing.isEmpty
            }
        } catch {
            Issue.record("\(missing.count) of \(told.count) lost: \(missing.prefix(3))")
        }
        let sums = try cluster.postgres.rows(
            """
            SELECT t.held = coalesce(sum(i.quantity) FILTER (WHERE b.status IN ('RESERVED', 'PENDING_PAYMENT')), 0)
                AND t.sold = coalesce(sum(i.quantity) FILTER (WHERE b.status = 'CONFIRMED'), 0), t.held, t.sold
            FROM tiers t LEFT JOIN booking_items i ON i.tier_id = t.id LEFT JOIN bookings b ON b.id = i.booking_id
            WHERE t.id = '\(event.tier)' GROUP BY t.id
            """)
        #expect(sums.first?.hasPrefix("t|") == true, "\(sums)")
        try compareWithRedis(sums.first ?? "")
        let (refusals, lost, unpersisted) = journal.withLock { ($0.refusals, $0.lost, $0.unpersisted) }
        print(
            "\(told.count) bookings acknowledged, \(statuses.values.count { $0 == "CONFIRMED" }) confirmed, "
                + "\(unpersisted) not yet persisted then, \(lost) answers lost, refusals \(refusals), counters \(sums)")
    }

    private func compareWithRedis(_ sums: String) throws {
        try eventually("Redis and PostgreSQL agree") {
            let answer = try HTTPClient(port: cluster.ports[0]).send("GET", "/v1/events/\(event.id)/availability")
            guard let tier = (answer.json["tiers"] as? [[String: Any]])?.first, let held = tier["held"] as? Int,
                let sold = tier["sold"] as? Int, let available = tier["available"] as? Int
            else { return false }
            let now = try cluster.postgres.rows("SELECT held, sold FROM tiers WHERE id = '\(event.tier)'")
            return now == ["\(held)|\(sold)"] && available + held + sold == capacity
        }
    }

    /// The order of statuses; later ones are greater.
    private static func order(_ status: String) -> Int {
        ["", "RESERVED", "PENDING_PAYMENT", "CONFIRMED", "CANCELLED"].firstIndex(of: status) ?? 5
    }
}

extension Load.Journal {
    fileprivate mutating func note(_ answer: HTTPClient.Answer) {
        let json = answer.json
        guard (200...202).contains(answer.status), let id = json["id"] as? String,
            let status = json["status"] as? String
        else {
            refusals["\(answer.status) \(json["code"] ?? "")", default: 0] += 1
            return
        }
        let isPersisted = json["persisted"] as? Bool ?? false
        if !isPersisted, status == "CONFIRMED" { unpersisted += 1 }
        told[id] = Load.Told(status: status, isPersisted: isPersisted)
    }
}
