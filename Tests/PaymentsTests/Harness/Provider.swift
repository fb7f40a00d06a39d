import BoxOffice
import Foundation
import Loops
import Payments
import Support

/// `usher payments-sim` as a separate process, with a ledger that survives it.
final class Provider: Sendable {
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("usher").path

    let port: UInt16
    let program: Program
    let books: TemporaryDirectory

    /// Starts the provider and waits until it listens.
    ///
    /// - Parameters:
    ///   - books: the ledger directory of an earlier provider.
    ///   - more: further options.
    init(books: TemporaryDirectory? = nil, callback: String? = nil, _ more: [String] = []) throws {
        let books = try books ?? TemporaryDirectory()
        self.books = books
        port = try freePort()
        let options = ["--port", "\(port)", "--ledger", "\(books.path)/ledger"]
        program = try Self.run(options + (callback.map { ["--callback", $0] } ?? []) + more)
        guard program.read(until: "http://127.0.0.1:\(port)") != nil else {
            throw SupportError("no provider: \(program.output)")
        }
    }

    /// Starts the command without waiting.
    static func run(_ options: [String]) throws -> Program {
        try Program(binary, ["payments-sim"] + options, environment: ["USHER_WEBHOOK_SECRETS": secret])
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var file: String { (try? String(contentsOfFile: "\(books.path)/ledger", encoding: .utf8)) ?? "" }

    func misbehave(_ text: String) throws {
        let answer = try HTTPClient(port: port).send(
            "PUT", "/misbehaviours", body: "{\"misbehave\":\"\(text)\",\"seed\":1}")
        guard answer.status == 204 else { throw SupportError("\(text): \(answer.text)") }
    }

    /// The charges from `GET /ledger`.
    func charges() throws -> [[String: Any]] {
        try HTTPClient(port: port).send("GET", "/ledger").json["charges"] as? [[String: Any]] ?? []
    }
}

/// Runs `body` with a gateway to `url`, on a new loop.
func asking<Value: Sendable>(
    _ url: String, tries: Int = 1, tryTime: Duration = .seconds(30), wholeTime: Duration = .seconds(60),
    _ body: @Sendable (HTTPGateway) async throws -> Value
) async throws -> Value {
    var patience = HTTPGateway.Patience()
    patience.tries = tries
    patience.tryTime = tryTime
    patience.wholeTime = wholeTime
    patience.pause = .milliseconds(1)
    let given = patience
    let loop = try EventLoop(name: "gateway")
    defer { loop.stop() }
    return try await loop.run { loop in try await body(HTTPGateway(loop: loop, url: url, patience: given)) }
}

/// One attempt to pay.
struct Attempt: Sendable {
    let key: PaymentID
    let booking: BookingID
    var amount: Int64 = 4999
    var card = "4242424242424242"
    var trace = ""

    init(card: String = "4242424242424242") {
        self.card = card
        key = PaymentID(UUIDBytes(high: .random(in: .min ... .max), low: .random(in: .min ... .max)))
        booking = BookingID(partition: Partition(1), milliseconds: 0, random: .random(in: .min ... .max))
    }

    var transactionID: String { "ps_\(key)" }

    func charge(_ gateway: HTTPGateway) async -> ChargeAnswer {
        await gateway.charge(
            key: key, booking: booking, amount: amount, currency: "USD", means: PaymentMeans(secret: card),
            trace: trace)
    }
}
