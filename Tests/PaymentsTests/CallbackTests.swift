import BoxOffice
import Foundation
import Payments
import Support
import Testing

@Suite("Callbacks of usher payments-sim")
struct CallbackTests {
    private func charge(_ provider: Provider, _ attempt: Attempt, _ misbehaviour: String) async throws -> ChargeAnswer {
        try provider.misbehave(misbehaviour.isEmpty ? "" : "\(misbehaviour)=1")
        return try await asking(provider.url) { await attempt.charge($0) }
    }

    private func text(_ callback: CallbackReceiver.Callback, _ name: String) -> String? {
        callback.json[name] as? String
    }

    @Test("each outcome is sent, signed, with the attempt's key")
    func outcomes() async throws {
        let receiver = try await CallbackReceiver()
        let provider = try Provider(callback: receiver.url, ["--late-ms", "50"])
        for (count, (card, type)) in [
            ("4242424242424242", "payment.success"), ("4000000000009995", "payment.failed"),
            ("4000000000000077", "payment.success"), ("4000000000000119", "payment.success"),
        ].enumerated() {
            let attempt = Attempt(card: card)
            _ = try await charge(provider, attempt, "")
            let callback = try #require(try receiver.wait(for: count + 1).last)
            #expect(callback.isSigned)
            #expect(callback.id == "msg_\(attempt.key)")
            #expect(text(callback, "type") == type)
            #expect(text(callback, "bookingId") == attempt.booking.description)
            #expect(text(callback, "paymentId") == attempt.key.description)
            #expect(text(callback, "transactionId") == attempt.transactionID)
            #expect(callback.json["amount"] as? Int64 == 4999)
            #expect(text(callback, "currency") == "USD")
            #expect(text(callback, "reason") == (type == "payment.failed" ? "insufficient_funds" : nil))
        }
        await receiver.stop()
    }

    @Test("are sent twice, out of order, with a wrong amount or later, if configured")
    func misbehaviours() async throws {
        let receiver = try await CallbackReceiver()
        let provider = try Provider(callback: receiver.url, ["--late-ms", "50"])
        let twice = Attempt()
        let twiceAnswer = try await charge(provider, twice, "twice")
        #expect(twiceAnswer == .succeeded(transactionID: twice.transactionID))
        let same = try receiver.wait(for: 2)
        #expect(Set(same.map(\.id)) == ["msg_\(twice.key)"])
        #expect(same[0].body == same[1].body)

        let disorder = Attempt()
        let disorderAnswer = try await charge(provider, disorder, "disorder")
        #expect(disorderAnswer == .succeeded(transactionID: disorder.transactionID))
        let both = try receiver.wait(for: 4).suffix(2)
        #expect(both.map { text($0, "type") } == ["payment.success", "payment.failed"])
        #expect(both.allSatisfy { text($0, "transactionId") == disorder.transactionID && $0.isSigned })
        #expect(Set(both.map(\.id)).count == 2)

        let wrong = Attempt()
        let wrongAnswer = try await charge(provider, wrong, "wrong-amount")
        #expect(wrongAnswer == .succeeded(transactionID: wrong.transactionID))
        #expect(try receiver.wait(for: 5).last?.json["amount"] as? Int64 == 5000)
        #expect(try provider.charges().last?["amount"] as? Int64 == 4999)

        let later = Attempt()
        let laterAnswer = try await charge(provider, later, "later")
        #expect(laterAnswer == .pending)
        #expect(try receiver.wait(for: 6).last?.json["amount"] as? Int64 == 4999)
        #expect(try receiver.wait(for: 6).last.flatMap { text($0, "type") } == "payment.success")
        await receiver.stop()
    }

    @Test("a callback is retried with its id until it is acknowledged, even after the provider was killed")
    func repeats() async throws {
        let receiver = try await CallbackReceiver()
        receiver.refuse([503, 500, 401, 302])
        let provider = try Provider(callback: receiver.url)
        let attempt = Attempt()
        _ = try await charge(provider, attempt, "")
        let calls = try receiver.wait(for: 5)
        #expect(Set(calls.map(\.id)).count == 1)
        #expect(calls.allSatisfy { $0.isSigned })
        try eventually("the acknowledgement is in the ledger") { provider.file.contains("told \(attempt.key)") }

        receiver.refuse(Array(repeating: 503, count: 1000))
        let untold = Attempt()
        _ = try await charge(provider, untold, "")
        _ = try receiver.wait(for: 6)
        provider.program.kill()
        receiver.refuse([])
        let next = try Provider(books: provider.books, callback: receiver.url)
        try eventually("the callback is acknowledged") { next.file.contains("told \(untold.key)") }
        #expect(receiver.callbacks.last?.id == "msg_\(untold.key)")
        await receiver.stop()
    }
}
