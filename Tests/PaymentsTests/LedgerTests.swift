import BoxOffice
import Foundation
import Glibc
import Payments
import Support
import Synchronization
import Testing

@Suite("The ledger of usher payments-sim")
struct LedgerTests {
    private static func body(_ attempt: Attempt, card: String = "4242424242424242") -> String {
        """
        {"key":"\(attempt.key)","bookingId":"\(attempt.booking)","amount":\(attempt.amount),"currency":"USD",\
        "card":"\(card)"}
        """
    }

    @Test("a provider that is killed repeatedly loses no acknowledged charge")
    func survivesKills() async throws {
        let books = try TemporaryDirectory()
        let told = Mutex<[String]>([])
        for round in 1...3 {
            let provider = try Provider(books: books)
            let port = provider.port
            let clients = RunningThreads(4) { _ in
                let client = HTTPClient(port: port)
                while true {
                    let attempt = Attempt()
                    guard let answer = try? client.send("POST", "/charges", body: Self.body(attempt)),
                        answer.status == 200
                    else { return }
                    told.withLock { $0.append(attempt.key.description) }
                }
            }
            try eventually("the provider has made charges") { told.withLock { $0.count } >= round * 100 }
            provider.program.kill()
            await clients.join()
        }
        let provider = try Provider(books: books)
        let keys = try provider.charges().compactMap { $0["key"] as? String }
        #expect(Set(keys).count == keys.count)
        #expect(Set(told.withLock { $0 }).subtracting(keys).isEmpty)
    }

    @Test("a partly written last line is dropped, and later lines are intact")
    func tornTail() async throws {
        let provider = try Provider()
        let attempt = Attempt()
        _ = try await asking(provider.url) { await attempt.charge($0) }
        provider.program.kill()
        let path = "\(provider.books.path)/ledger"
        let line = provider.file.split(separator: "\n")[0]
        try (provider.file + line.dropLast(3)).write(toFile: path, atomically: false, encoding: .utf8)
        let next = try Provider(books: provider.books)
        let other = Attempt()
        _ = try await asking(next.url) { await other.charge($0) }
        next.program.kill()
        let last = try Provider(books: provider.books)
        #expect(
            try last.charges().map { $0["key"] as? String } == [attempt.key.description, other.key.description])
    }

    @Test("a damaged ledger, and the ledger of another running provider, are not modified")
    func refuses() async throws {
        let provider = try Provider()
        let second = try Provider.run(["--port", "0", "--ledger", "\(provider.books.path)/ledger"])
        #expect(second.wait() == 1)
        #expect(second.output.contains("belongs to another provider"))
        provider.program.kill()
        let path = "\(provider.books.path)/ledger"
        try "told 1\n".write(toFile: path, atomically: false, encoding: .utf8)
        let damaged = try Provider.run(["--port", "0", "--ledger", path])
        #expect(damaged.wait() == 1)
        #expect(damaged.output.contains("damaged in line 1"))
        #expect(provider.file == "told 1\n")
    }

    @Test("no card number is in the ledger, the log, the callbacks or a response")
    func cardsStayOut() async throws {
        let receiver = try await CallbackReceiver()
        let provider = try Provider(callback: receiver.url, ["--late-ms", "1"])
        let client = HTTPClient(port: provider.port)
        var answers = ""
        let cards = [
            "4242424242424242", "4000000000000002", "4000000000009995", "4000000000000077", "4000000000000119",
            "5555555555554444",
        ]
        for card in cards {
            let attempt = Attempt()
            let good = Self.body(attempt, card: card)
            for body in [
                good, good.replacing("4999", with: "5000"), good.replacing("USD", with: card),
                good.replacing("\"card\"", with: "\"number\""), good.replacing("amount", with: card), good + "}",
                "\(card)", good.replacing("\(attempt.key)", with: card),
            ] {
                let answer = try client.send("POST", "/charges", body: body)
                answers += "\(answer.headers)" + answer.text
            }
            answers += try client.send("GET", "/charges/\(attempt.key)").text
        }
        answers += try client.send("GET", "/ledger").text
        _ = try receiver.wait(for: cards.count)
        for callback in receiver.callbacks { answers += String(decoding: callback.body, as: UTF8.self) }
        await receiver.stop()
        provider.program.signal(SIGTERM)
        #expect(provider.program.wait() == 0)
        #expect(provider.file.contains("charge "))
        for card in cards {
            #expect(!answers.contains(card) && !provider.file.contains(card) && !provider.program.output.contains(card))
        }
    }

    @Test("malformed requests are refused, and nothing is recorded")
    func malformed() async throws {
        let provider = try Provider()
        let client = HTTPClient(port: provider.port)
        let good = Self.body(Attempt())
        for body in [
            "", "[]", "{}", good.replacing("4999", with: "0"), good.replacing("4999", with: "-1"),
            good.replacing("4999", with: "49.99"), good.replacing("4999", with: "9223372036854775807"),
            good.replacing("USD", with: "usd"), good.replacing("USD", with: "US"),
            good.replacing("\"card\"", with: "\"token\":\"tok_succeeds\",\"card\""),
            good.replacing("bookingId", with: "booking"),
        ] {
            #expect(try client.send("POST", "/charges", body: body).status == 400, "\(body)")
        }
        #expect(try client.send("POST", "/refunds", body: "{}").status == 400)
        #expect(try client.send("GET", "/charges/1").status == 404)
        #expect(try provider.charges().isEmpty)
        #expect(provider.file.isEmpty)
    }
}
