import BoxOffice
import Foundation
import Glibc
import Loops
import Payments
import Support
import Synchronization
import Testing

@Suite("usher payments-sim through the gateway")
struct SimulatorTests {
    /// Looks an attempt up with all faults off.
    private func lookUp(_ provider: Provider, _ attempt: Attempt) async throws -> LookupAnswer {
        try provider.misbehave("")
        return try await asking(provider.url, tries: 3) { await $0.lookup(key: attempt.key, trace: "") }
    }

    private func charge(
        _ provider: Provider, _ attempt: Attempt, _ misbehaviour: String = "", tryTime: Duration = .seconds(30)
    ) async throws -> ChargeAnswer {
        try provider.misbehave(misbehaviour.isEmpty ? "" : "\(misbehaviour)=1")
        return try await asking(provider.url, tryTime: tryTime) { await attempt.charge($0) }
    }

    private func amounts(_ provider: Provider) throws -> [Int64] {
        try provider.charges().compactMap { $0["amount"] as? Int64 }
    }

    @Test("cards succeed, decline, are charged later or get no response, and look-ups return the same outcome")
    func cards() async throws {
        let provider = try Provider(["--late-ms", "3600000"])
        let answers: [(String, ChargeAnswer?, String)] = [
            ("4242424242424242", nil, "succeeded"),
            ("4000000000000002", .declined(code: "generic_decline"), "declined"),
            ("4000000000009995", .declined(code: "insufficient_funds"), "declined"),
            ("4000000000000077", .pending, "pending"), ("4000000000000119", .unknown, "succeeded"),
            ("tok_succeeds", nil, "succeeded"), ("tok_stolen", .declined(code: "generic_decline"), "declined"),
        ]
        for (card, expected, status) in answers {
            let attempt = Attempt(card: card)
            let answer = try await charge(provider, attempt)
            #expect(answer == expected ?? .succeeded(transactionID: attempt.transactionID), "\(card)")
            let found = try await lookUp(provider, attempt)
            switch (found, answer) {
            case (.succeeded(attempt.transactionID, 4999, "USD"), .succeeded), (.pending, .pending): break
            case (.succeeded(attempt.transactionID, 4999, "USD"), .unknown): break
            case (.declined(let told), .declined(let code)): #expect(told == code)
            default: Issue.record("\(card): \(answer), then \(found)")
            }
            #expect(try provider.charges().last?["status"] as? String == status)
        }
        let stranger = try await lookUp(provider, Attempt())
        #expect(stranger == .notFound)
    }

    @Test("a key identifies one charge, and another charge with the key is refused")
    func sameKey() async throws {
        let provider = try Provider()
        var attempt = Attempt()
        for _ in 0..<3 {
            let answer = try await charge(provider, attempt)
            #expect(answer == .succeeded(transactionID: attempt.transactionID))
        }
        attempt.card = "4000000000000002"
        let declined = try await charge(provider, attempt)
        #expect(declined == .succeeded(transactionID: attempt.transactionID))
        attempt.amount = 5000
        let other = try await charge(provider, attempt)
        #expect(other == .unknown)
        #expect(try amounts(provider) == [4999])
    }

    @Test("with any fault in between the gateway returns unknown, and the money is charged at most once")
    func lostAnswers() async throws {
        let provider = try Provider(["--late-ms", "50"])
        var count = 0
        for (misbehaviour, isCharged) in [
            ("error", false), ("reset", false), ("error-after", true), ("reset-after", true),
        ] {
            let attempt = Attempt()
            try provider.misbehave("\(misbehaviour)=1")
            let answer = try await asking(provider.url, tries: 3) { await attempt.charge($0) }
            #expect(answer == .unknown, "\(misbehaviour)")
            let found = try await lookUp(provider, attempt)
            let charged = LookupAnswer.succeeded(
                transactionID: attempt.transactionID, amount: 4999, currency: "USD")
            #expect(found == (isCharged ? charged : .notFound), "\(misbehaviour)")
            count += isCharged ? 1 : 0
            #expect(try amounts(provider).count == count, "\(misbehaviour)")
            // A retry charges if the first try did not, and never twice.
            let again = try await charge(provider, attempt)
            #expect(again == .succeeded(transactionID: attempt.transactionID))
            count += isCharged ? 0 : 1
            #expect(try amounts(provider).count == count)
        }
    }

    @Test("a late or missing response does not undo the charge", arguments: ["timeout", "slow"])
    func lateAnswers(_ misbehaviour: String) async throws {
        let provider = try Provider(["--late-ms", "3600000"])
        let attempt = Attempt()
        // A busy machine may not even have sent the request in so short a time.
        while try provider.charges().isEmpty {
            let answer = try await charge(provider, attempt, misbehaviour, tryTime: .milliseconds(100))
            #expect(answer == .unknown)
        }
        let found = try await lookUp(provider, attempt)
        #expect(found == .succeeded(transactionID: attempt.transactionID, amount: 4999, currency: "USD"))
    }

    @Test("a delayed request charges once, even after its client has given up")
    func stuckRequest() async throws {
        let provider = try Provider(["--late-ms", "1000"])
        let attempt = Attempt()
        _ = try await charge(provider, attempt, "delay", tryTime: .milliseconds(100))
        _ = try await charge(provider, attempt, "delay", tryTime: .milliseconds(100))
        // On a busy machine those two may not have been sent either.
        _ = try await charge(provider, attempt, "delay")
        let found = try await lookUp(provider, attempt)
        #expect(found == .succeeded(transactionID: attempt.transactionID, amount: 4999, currency: "USD"))
        #expect(try amounts(provider) == [4999])
    }

    @Test("all charges succeed if there are more in parallel than connections, on one loop")
    func crowd() async throws {
        let provider = try Provider()
        let url = provider.url
        let attempts = (0..<600).map { _ in Attempt() }
        let loop = try EventLoop(name: "gateway")
        let answers = await loop.run { loop in
            final class Collected { var answers: [PaymentID: ChargeAnswer] = [:] }
            var patience = HTTPGateway.Patience()
            patience.tryTime = .seconds(60)
            let gateway = HTTPGateway(loop: loop, url: url, patience: patience)
            let collected = Collected()
            for attempt in attempts {
                loop.spawn { collected.answers[attempt.key] = await attempt.charge(gateway) }
            }
            while collected.answers.count < attempts.count { await loop.sleep(for: .milliseconds(5)) }
            return collected.answers
        }
        loop.stop()
        #expect(attempts.allSatisfy { answers[$0.key] == .succeeded(transactionID: $0.transactionID) })
        #expect(try amounts(provider) == Array(repeating: 4999, count: attempts.count))
    }

    @Test("a charge of another amount than requested is unknown, and a look-up returns the amount")
    func overcharge() async throws {
        let provider = try Provider()
        let attempt = Attempt()
        let answer = try await charge(provider, attempt, "overcharge")
        #expect(answer == .unknown)
        let found = try await lookUp(provider, attempt)
        #expect(found == .succeeded(transactionID: attempt.transactionID, amount: 5000, currency: "USD"))
    }

    @Test("money is refunded once up to a total, whatever retries and faults occur")
    func refunds() async throws {
        let provider = try Provider()
        let attempt = Attempt()
        _ = try await charge(provider, attempt)
        func refund(_ misbehaviour: String, _ from: Int64, _ to: Int64, tries: Int = 1) async throws -> RefundAnswer {
            try provider.misbehave(misbehaviour.isEmpty ? "" : "\(misbehaviour)=1")
            return try await asking(provider.url, tries: tries) {
                await $0.refund(
                    key: attempt.key, transactionID: attempt.transactionID, from: from, to: to, currency: "USD",
                    trace: "")
            }
        }
        func moved() throws -> [Int64?] {
            let charge = try provider.charges().first
            return [charge?["refunded"] as? Int64, charge?["refunds"] as? Int64]
        }
        let refused = try await refund("refuse-refund", 0, 1000)
        #expect(refused == .refused(code: "try-later"))
        for (misbehaviour, isDone) in [
            ("error", false), ("reset", false), ("error-after", true), ("reset-after", true),
        ] {
            let answer = try await refund(misbehaviour, 0, 1000, tries: 3)
            #expect(answer == .unknown, "\(misbehaviour)")
            #expect(try moved() == (isDone ? [1000, 1] : [0, 0]), "\(misbehaviour)")
        }
        for (from, to) in [(0, 1000), (1000, 4999), (1000, 4999), (0, 1000)] as [(Int64, Int64)] {
            let answer = try await refund("", from, to)
            #expect(answer == .refunded, "\(from) to \(to)")
        }
        #expect(try moved() == [4999, 2])
        let excessive = try await refund("", 4999, 5000)
        #expect(excessive == .refused(code: "more-than-charged"))
    }

    @Test("money that was not charged is not refunded")
    func refusedRefunds() async throws {
        let provider = try Provider(["--late-ms", "3600000"])
        for (card, code) in [
            ("4000000000000002", "charge-not-succeeded"), ("4000000000000077", "charge-not-succeeded"),
        ] {
            let attempt = Attempt(card: card)
            _ = try await charge(provider, attempt)
            let answer = try await asking(provider.url) {
                await $0.refund(
                    key: attempt.key, transactionID: attempt.transactionID, from: 0, to: 1, currency: "USD", trace: "")
            }
            #expect(answer == .refused(code: code))
        }
        let stranger = Attempt()
        let answer = try await asking(provider.url) {
            await $0.refund(key: stranger.key, transactionID: "other", from: 0, to: 1, currency: "USD", trace: "")
        }
        #expect(answer == .refused(code: "charge-not-found"))
    }
}
