import Foundation
import Glibc
import Support
import Synchronization
import Testing

/// Races of many clients over two copies of the API.
@Suite("Races over two copies", .serialized)
struct RaceTests {
    /// Rounds of the race for the last tickets; `USHER_TEST_ROUNDS` overrides it.
    private static let rounds = ProcessInfo.processInfo.environment["USHER_TEST_ROUNDS"].flatMap { Int($0) } ?? 25

    @Test("of ten clients for two tickets two succeed and eight are refused, every time")
    func lastTickets() async throws {
        let cluster = try Cluster()
        let tokens = try (0..<10).map { try cluster.token("user-\($0)") }
        let events = try (0..<Self.rounds).map { _ in try cluster.makeEvent(capacity: 2) }
        let answers = Mutex<[[String]]>(Array(repeating: [], count: events.count))
        let gate = Barrier(10)
        await onThreads(10) { index in
            let client = HTTPClient(port: cluster.ports[index % 2])
            for (round, event) in events.enumerated() {
                gate.wait()
                let answer = try? client.send(
                    "POST", "/v1/bookings", headers: bearer(tokens[index]), body: Self.paidClaim(event))
                let word = answer.map { "\($0.status) \($0.json["code"] ?? $0.json["status"] ?? "")" } ?? "lost"
                answers.withLock { $0[round].append(word) }
            }
        }
        for words in answers.withLock({ $0 }) {
            #expect(words.count { $0 == "201 CONFIRMED" || $0 == "202 CONFIRMED" } == 2, "\(words)")
            #expect(words.count { $0 == "409 sold-out" || $0 == "409 held-by-others" } == 8, "\(words)")
        }
        try eventually("all bookings are persisted") {
            try cluster.postgres.rows("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")
                == ["\(2 * events.count)"]
        }
        let wrong = try cluster.postgres.rows("SELECT id FROM tiers WHERE sold <> 2 OR held <> 0")
        #expect(wrong.isEmpty)
    }

    @Test("after a copy is killed between claim and response, a retry on another copy gets the same booking")
    func killedBeforeTheAnswer() async throws {
        let cluster = try Cluster()
        let event = try cluster.makeEvent(capacity: 10)
        let token = try cluster.token("ann")
        let headers = bearer(token) + [("Idempotency-Key", "\"one\"")]
        // Warm up: the copy caches the partition's epoch, so that the claim is one command.
        let other = try HTTPClient(port: cluster.ports[0]).send(
            "POST", "/v1/bookings", headers: bearer(try cluster.token("bob")), body: Self.claim(event))
        #expect(other.status == 201)
        // Redis hangs, the claim waits in its socket, and the copy that sent it dies.
        cluster.redis.suspend()
        let client = HTTPClient(port: cluster.ports[0])
        let body = Self.claim(event)
        try client.write(
            Array(
                """
                POST /v1/bookings HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nIdempotency-Key: "one"\r
                Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
                """.utf8))
        usleep(200_000)
        cluster.kill("serve-0")
        cluster.redis.resume()
        #expect(throws: SupportError.self) { try client.readAnswer() }
        try eventually("Redis has executed the claim") {
            let tiers = try HTTPClient(port: cluster.ports[1]).send("GET", "/v1/events/\(event.id)/availability")
            return ((tiers.json["tiers"] as? [[String: Any]])?.first?["held"] as? Int) == 2
        }
        let again = try HTTPClient(port: cluster.ports[1]).send("POST", "/v1/bookings", headers: headers, body: body)
        #expect(again.status == 201)
        #expect(again["idempotent-replayed"] == "true")
        let id = try #require(again.json["id"] as? String)
        try eventually("the booking is persisted") {
            try cluster.postgres.rows("SELECT id FROM bookings WHERE user_id = 'ann'") == [id]
        }
    }

    @Test("one key used fifty times in parallel over two copies makes one booking, and another body is refused")
    func oneKey() async throws {
        let cluster = try Cluster()
        let event = try cluster.makeEvent(capacity: 100)
        let headers = bearer(try cluster.token("ann")) + [("Idempotency-Key", "fifty")]
        let answers = Mutex<[String]>([])
        await onThreads(50) { index in
            let answer = try? HTTPClient(port: cluster.ports[index % 2]).send(
                "POST", "/v1/bookings", headers: headers, body: Self.paidClaim(event))
            answers.withLock { $0.append("\(answer?.status ?? 0) \(answer?.json["id"] ?? "")") }
        }
        #expect(Set(answers.withLock { $0 }).count == 1, "\(Set(answers.withLock { $0 }))")
        #expect(answers.withLock { $0.first }?.hasPrefix("20") == true)
        let other = try HTTPClient(port: cluster.ports[1]).send(
            "POST", "/v1/bookings", headers: headers, body: Self.claim(event))
        #expect(other.status == 422)
        #expect(other.json["code"] as? String == "idempotency-key-reused")
    }

    static func claim(_ event: (id: String, tier: String)) -> String {
        "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}"
    }

    static func paidClaim(_ event: (id: String, tier: String)) -> String {
        claim(event).dropLast() + ",\"payment\":{\"cardNumber\":\"4242424242424242\"}}"
    }
}

/// Releases a number of threads together.
final class Barrier: @unchecked Sendable {
    // SAFETY of @unchecked: every use of `count` and `round` is under the condition's lock.
    private let condition = NSCondition()
    private let size: Int
    private var count = 0
    private var round = 0

    init(_ size: Int) { self.size = size }

    /// Waits until `size` threads are waiting.
    func wait() {
        condition.lock()
        defer { condition.unlock() }
        let mine = round
        count += 1
        if count == size {
            count = 0
            round += 1
            condition.broadcast()
        }
        while round == mine { condition.wait() }
    }
}
