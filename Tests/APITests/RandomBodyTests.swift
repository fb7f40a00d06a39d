import Support
import Testing

extension ContractTests {
    /// Valid bodies, changed at random: the answer must follow the contract, and must never be an internal error.
    @Suite("Random bodies")
    struct RandomBodyTests {
        private static let pieces = [
            "null", "true", "-1", "0", "1001", "1.5", "1e999", "9007199254740993", "-9223372036854775809", "\"\"",
            "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"é\"", "[]", "{}", "[[[[]]]]", "{\"a\":1,\"a\":2}", ",",
            ":", "\"", "\\",
            "}", "]",
        ]

        /// One change: bytes dropped, doubled or replaced, or, mostly, another value in a value's place.
        private func changed(_ body: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
            var body = body
            let at = Int.random(in: 0..<body.count, using: &random)
            let end = min(body.count, at + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: body.removeSubrange(at..<end)
            case 1: body.insert(contentsOf: body[at..<end], at: at)
            case 2: body[at] = UInt8.random(in: 0...255, using: &random)
            default:
                let piece = Self.pieces.randomElement(using: &random) ?? ""
                let text = String(decoding: body, as: UTF8.self)
                let value = text.ranges(of: /("[^"]*"|\w+)(?=[,}])/).randomElement(using: &random)
                if let value { body = Array((text[..<value.lowerBound] + piece + text[value.upperBound...]).utf8) }
            }
            return body
        }

        @Test("whatever is sent, the answer follows the contract and reveals no more than it should")
        func random() throws {
            let api = try TestAPI.current
            var random = SeededGenerator.fromEnvironment()
            let event = try api.event(capacity: 10_000_000, ",\"maxTicketsPerUser\":null")
            let ann = TestAPI.newUser()
            let held = try api.claim(event, by: ann)
            let requests = [
                Request("POST", "/v1/bookings", event.claim(2, more: ",\"idempotencyKey\":\"a-key\"")),
                Request("POST", "/v1/bookings", event.claim(1, card: Card.declined)),
                Request("POST", "/v1/bookings/\(held.id)/payments", Card.body(Card.good)),
                Request(
                    "POST", "/v1/events",
                    """
                    {"title":"T","startsAt":"2031-05-01T18:00:00Z","currency":"USD","holdSeconds":60,
                     "tiers":[{"name":"A","kind":"general","unitAmount":1,"capacity":1}]}
                    """),
            ]
            let client = HTTPClient(port: api.port)
            for round in 0..<2400 {
                let request = requests[round % requests.count]
                var body = request.body
                for _ in 0...Int.random(in: 0...2, using: &random) where !body.isEmpty { body = changed(body, &random) }
                let sent = request.by(request.path == "/v1/events" ? TestAPI.admin : ann).carrying(body)
                try client.send(sent)
                let answer = try client.answer(to: sent)
                #expect(
                    (200..<500).contains(answer.status), "\(answer.text) to \(String(decoding: body, as: UTF8.self))")
                if answer.status >= 400 { answer.expectProblem(answer.status, answer.code ?? "") }
                #expect(!answer.text.contains("4000000000000002") && !answer.text.contains("4242424242424242"))
            }
        }
    }
}
