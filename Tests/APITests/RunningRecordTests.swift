import BoxOffice
import Foundation
import RedisClient
import SeatInventory
import Testing

extension ContractTests {
    @Suite("Idempotency records of running or dead requests")
    struct RunningRecordTests {
        /// Turns the record of `booking` back into a running one.
        private func run(_ booking: String, until deadline: Int64) async throws {
            let api = try TestAPI.current
            for key in try await api.redis("KEYS", "*:i:*").array ?? [] {
                let name = try #require(key.bytes)
                // Fingerprint and booking, 16 bytes each.
                let start = try await api.redis(bytes: Array("GET".utf8), name).bytes?.prefix(32) ?? []
                guard start.count == 32, try start.suffix(16) == #require(UUIDBytes(booking)).bytes[...]
                else { continue }
                try await api.redis(
                    bytes: Array("SET".utf8), name, start + Array("run|\(deadline)".utf8),
                    Array("PX".utf8), Array("86400000".utf8))
            }
        }

        private static let future: Int64 = 32_503_680_000_000

        @Test("a second request waits up to two seconds for the first, then gets Retry-After")
        func inProgress() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let first = try api.claim(event, by: ann, card: Card.good, key: "k")
            try await run(first.id, until: Self.future)
            let began = ContinuousClock.now
            let answer = try api.claim(event, by: ann, card: Card.good, key: "k")
            answer.expectProblem(409, "idempotency-in-progress")
            #expect(began.duration(to: .now) >= .milliseconds(1900))
            try api.claim(event, by: ann, card: Card.poor, key: "k").expectProblem(422, "idempotency-key-reused")
            try await run(first.id, until: 1)
            let finished = try api.claim(event, by: ann, card: Card.good, key: "k")
            #expect(finished.status == 201 && finished.id == first.id && finished["status"]?.text == "CONFIRMED")
            #expect(finished.headers["idempotent-replayed"] == "true")
        }

        @Test("one-shot bookings are completed from their state", arguments: [Card.good, Card.declined])
        func oneShot(card: String) async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let first = try api.claim(event, by: ann, card: card, key: "k")
            let list = try await api.until(
                { $0["data"]?.elements.isEmpty == false }, Request("GET", "/v1/bookings").by(ann))
            let id = try #require(list["data"]?[0]?["id"]?.text)
            try await run(id, until: 1)
            let finished = try api.claim(event, by: ann, card: card, key: "k")
            #expect(finished.status == first.status && finished.code == first.code)
            #expect(finished["status"]?.text == first["status"]?.text)
            let again = try api.claim(event, by: ann, card: card, key: "k")
            #expect(again.body == finished.body && again.headers["idempotent-replayed"] == "true")
        }

        @Test("a running payment is in progress until its deadline, and is then answered from the booking's state")
        func pending() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let ann = TestAPI.newUser()
            let first = try api.claim(event, by: ann, card: Card.late, key: "k")
            #expect(first.status == 202)
            try await run(first.id, until: 1)
            try api.claim(event, by: ann, card: Card.late, key: "k").expectProblem(409, "idempotency-in-progress")
            let key = try api.recordKey(first.id)
            let record = try #require(try await api.redis(bytes: Array("GET".utf8), key).bytes)
            var changed = try #require(BookingRecord(record[...]))
            changed.image.paymentDeadline = 1
            try await api.redis(bytes: Array("SET".utf8), key, changed.bytes)
            let after = try api.claim(event, by: ann, card: Card.late, key: "k")
            #expect(after.status == 202 && after["status"]?.text == "PENDING_PAYMENT")
        }

        @Test("actions are completed from the booking's state")
        func actions() async throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let held = try api.claim(try api.event(), by: ann)
            func act(_ action: String, _ body: String, _ key: String) async throws -> Answer {
                try api.ask(Request("POST", "/v1/bookings/\(held.id)/\(action)", body).by(ann).keyed(key))
            }
            let steps = [
                ("payments", Card.body(Card.declined), 402, "RESERVED"), ("extend", "{}", 200, "RESERVED"),
                ("payments", Card.body(Card.good), 200, "CONFIRMED"), ("cancel", "{}", 200, "CANCELLED"),
            ]
            for (index, (action, body, status, state)) in steps.enumerated() {
                let first = try await act(action, body, "k\(index)")
                #expect(first.status == status)
                try await run(held.id, until: 1)
                let finished = try await act(action, body, "k\(index)")
                #expect(finished.status == status, "\(action): \(finished.text)")
                #expect((finished["status"]?.text ?? finished["currentStatus"]?.text) == state || status == 402)
                #expect(finished.headers["idempotent-replayed"] == "true")
            }
        }

        @Test("an answer that is too long to store is rebuilt with its own status")
        func longAnswers() throws {
            let api = try TestAPI.current
            let tiers = (0..<20).map { "{\"name\":\"T\($0)\",\"kind\":\"general\",\"unitAmount\":1,\"capacity\":9}" }
            let made = try api.ask(
                Request(
                    "POST", "/v1/events",
                    """
                    {"title":"Many","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,
                     "maxTicketsPerUser":null,"tiers":[\(tiers.joined(separator: ","))]}
                    """
                ).by(TestAPI.admin))
            let items =
                made["tiers"]?.elements.compactMap { $0["id"]?.text }
                .map { "{\"tierId\":\"\($0)\",\"quantity\":1}" } ?? []
            let ann = TestAPI.newUser()
            for (card, status) in [(Card.good, 201), (Card.late, 202)] {
                let body = """
                    {"eventId":"\(made.id)","items":[\(items.joined(separator: ","))],
                     "payment":{"cardNumber":"\(card)"}}
                    """
                let request = Request("POST", "/v1/bookings", body).by(ann).keyed(card)
                let first = try api.ask(request)
                #expect(first.status == status && first.body.count > 2048)
                let again = try api.ask(request)
                #expect(again.status == status && again.id == first.id)
                #expect(again.headers["idempotent-replayed"] == "true")
                #expect(again["status"]?.text == first["status"]?.text)
            }
        }
    }
}
