import BoxOffice
import Payments
import Support
import Testing

@Suite("The gateway to an HTTP provider")
struct HTTPGatewayTests {
    private func body(
        _ attempt: Attempt, status: String = "succeeded", amount: Int64 = 4999, _ more: String = ""
    ) -> String {
        """
        {"key":"\(attempt.key)","status":"\(status)","transactionId":"\(attempt.transactionID)",\
        "amount":\(amount),"currency":"USD"\(more)}
        """
    }

    private func charge(
        _ attempt: Attempt, _ reactions: [RawProvider.Reaction], tries: Int = 1, tryTime: Duration = .seconds(30)
    ) async throws -> (answer: ChargeAnswer, requests: [String]) {
        let provider = try RawProvider(reactions)
        defer { provider.stop() }
        let answer = try await asking(provider.url, tries: tries, tryTime: tryTime) { await attempt.charge($0) }
        return (answer, provider.requests)
    }

    @Test("a complete response about this charge is accepted")
    func believes() async throws {
        let attempt = Attempt()
        let expected: [(String, ChargeAnswer)] = [
            (raw(200, body(attempt)), .succeeded(transactionID: attempt.transactionID)),
            (raw(200, body(attempt, #","new":{"a":[1]}"#)), .succeeded(transactionID: attempt.transactionID)),
            (
                raw(200, body(attempt, status: "declined", #","code":"card_expired""#)),
                .declined(code: "card_expired")
            ),
            (raw(200, body(attempt, status: "declined")), .declined(code: "generic_decline")),
            (raw(200, body(attempt, status: "declined", #","code":"<script>""#)), .declined(code: "generic_decline")),
            (raw(202, body(attempt, status: "pending")), .pending),
        ]
        for (text, answer) in expected {
            let result = try await charge(attempt, [.says(text)])
            #expect(result.answer == answer, "\(text)")
        }
    }

    @Test("any other response is unknown: the money may have been charged")
    func doubts() async throws {
        let attempt = Attempt()
        let good = body(attempt)
        let other = body(Attempt())
        let reactions: [RawProvider.Reaction] =
            [
                "", "nonsense\r\n\r\n", raw(200, ""), raw(200, "[]"), raw(200, "{}"), raw(200, good + "x"),
                raw(200, good, length: good.utf8.count + 1), raw(200, other), raw(200, body(attempt, amount: 4998)),
                raw(200, good.replacing("USD", with: "EUR")), raw(200, good.replacing("4999", with: "4999.0")),
                raw(200, good.replacing(attempt.transactionID, with: "")),
                raw(200, good.replacing(attempt.transactionID, with: "a b")),
                raw(200, body(attempt, status: "maybe")), raw(201, good), raw(204, ""), raw(400, good), raw(401, good),
                raw(402, body(attempt, status: "declined")), raw(404, #"{"code":"charge-not-found"}"#),
                raw(409, good), raw(500, good), raw(503, body(attempt, status: "declined")),
                raw(302, good, "Location: http://127.0.0.1:1/\r\n"),
                raw(200, good + String(repeating: " ", count: 256 * 1024)),
            ].map { .says($0) } + [.resets]
        for reaction in reactions {
            let result = try await charge(attempt, [reaction])
            #expect(result.answer == .unknown, "\(reaction)")
            #expect(result.requests.count == 1, "\(reaction)")
        }
        let nobody = try freePort()
        let answer = try await asking("http://127.0.0.1:\(nobody)", tries: 3) { await attempt.charge($0) }
        #expect(answer == .unknown)
    }

    @Test("an unresponsive provider is limited by the timeout of a try and the timeout of all tries")
    func patience() async throws {
        let attempt = Attempt()
        let silent = try await charge(attempt, [.hangs], tries: 2, tryTime: .milliseconds(50))
        #expect(silent.answer == .unknown)
        let provider = try RawProvider([.says(raw(200, body(attempt)))])
        defer { provider.stop() }
        let late = try await asking(provider.url, wholeTime: .zero) { await attempt.charge($0) }
        #expect(late == .unknown)
        #expect(provider.requests.isEmpty)
    }

    @Test("transient failures are retried with the same key, and no others")
    func asksAgain() async throws {
        let attempt = Attempt()
        let good = RawProvider.Reaction.says(raw(200, body(attempt)))
        for passing in [RawProvider.Reaction.resets, .says(raw(500, "")), .says(raw(429, "")), .says("")] {
            let result = try await charge(attempt, [passing, passing, good], tries: 3)
            #expect(result.answer == .succeeded(transactionID: attempt.transactionID))
            #expect(result.requests.count == 3)
            #expect(Set(result.requests).count == 1)
            #expect(result.requests.allSatisfy { $0.contains("\"key\":\"\(attempt.key)\"") })
        }
        let lasting = try await charge(attempt, [.says(raw(503, "")), .says(raw(503, "")), good], tries: 2)
        #expect(lasting.answer == .unknown)
        #expect(lasting.requests.count == 2)
        let final = try await charge(attempt, [.says(raw(400, "")), good], tries: 3)
        #expect(final.answer == .unknown)
        #expect(final.requests.count == 1)
    }

    @Test("a charge is not found only if the provider itself says so")
    func notFound() async throws {
        let attempt = Attempt()
        let expected: [(String, LookupAnswer)] = [
            (raw(404, #"{"code":"charge-not-found"}"#), .notFound), (raw(404, ""), .unknown),
            (raw(404, #"{"code":"not-found"}"#), .unknown), (raw(200, #"{"code":"charge-not-found"}"#), .unknown),
            (
                raw(200, body(attempt, amount: 1)),
                .succeeded(transactionID: attempt.transactionID, amount: 1, currency: "USD")
            ),
            (raw(200, body(attempt, status: "declined")), .declined(code: "generic_decline")),
            (raw(202, body(attempt, status: "pending")), .pending), (raw(200, body(Attempt())), .unknown),
            (raw(500, #"{"code":"charge-not-found"}"#), .unknown),
        ]
        for (text, answer) in expected {
            let provider = try RawProvider([.says(text)])
            defer { provider.stop() }
            let found = try await asking(provider.url) { await $0.lookup(key: attempt.key, trace: "") }
            #expect(found == answer, "\(text)")
        }
    }

    @Test("a refund is done if the provider confirms the refunded total of this charge")
    func refunds() async throws {
        let attempt = Attempt()
        func body(_ status: String, _ refunded: Int64, _ transaction: String? = nil) -> String {
            """
            {"transactionId":"\(transaction ?? attempt.transactionID)","status":"\(status)","refunded":\(refunded),\
            "code":"no_way"}
            """
        }
        let expected: [(String, RefundAnswer)] = [
            (raw(200, body("refunded", 4000)), .refunded), (raw(200, body("refunded", 4001)), .refunded),
            (raw(200, body("refunded", 3999)), .unknown), (raw(200, body("refunded", 4000, "other")), .unknown),
            (raw(201, body("refunded", 4000)), .unknown), (raw(200, body("refused", 0)), .refused(code: "no_way")),
            (raw(400, body("refused", 0)), .unknown), (raw(200, ""), .unknown), (raw(500, ""), .unknown),
        ]
        for (text, answer) in expected {
            let provider = try RawProvider([.says(text)])
            defer { provider.stop() }
            let result = try await asking(provider.url) {
                await $0.refund(
                    key: attempt.key, transactionID: attempt.transactionID, from: 0, to: 4000, currency: "USD",
                    trace: "")
            }
            #expect(result == answer, "\(text)")
        }
    }

    @Test("every request carries the caller's trace, the same in each try; without a trace it carries none")
    func traces() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        var attempt = Attempt()
        for (given, header) in [("\(trace),ticket-1", "traceparent: \(trace)\r\n"), ("", ""), ("junk", "")] {
            attempt.trace = given
            let own = attempt
            let tried = try await charge(own, [.says(raw(500, "")), .says(raw(200, body(own)))], tries: 2)
            let provider = try RawProvider([.says(raw(404, ""))])
            defer { provider.stop() }
            try await lookUpAndRefund(provider, own)
            let requests = tried.requests + provider.requests
            #expect(requests.count == 4)
            for request in requests {
                #expect(header.isEmpty ? !request.contains("traceparent") : request.contains(header), "\(request)")
                #expect(!request.contains("ticket-1"))
            }
        }
    }

    private func lookUpAndRefund(_ provider: RawProvider, _ attempt: Attempt) async throws {
        let answer = try await asking(provider.url) {
            _ = await $0.lookup(key: attempt.key, trace: attempt.trace)
            return await $0.refund(
                key: attempt.key, transactionID: "t", from: 0, to: 1, currency: "USD", trace: attempt.trace)
        }
        #expect(answer == .unknown)
    }
}
