import Foundation
import Support
import Synchronization

/// A payment provider (`usher payments-sim`) whose ledger starts empty with each run.
final class Provider: Sendable {
    static let secret = "whsec_" + Data("the provider's secret".utf8).base64EncodedString()

    let port: UInt16
    private let callbackPort: UInt16
    private let books: TemporaryDirectory
    private let process = Mutex<(Program, Int)?>(nil)

    init(callbackPort: UInt16, seed: UInt64) throws {
        self.callbackPort = callbackPort
        port = try freePort()
        books = try TemporaryDirectory()
        try begin(seed: seed)
    }

    /// Restarts the provider with an empty ledger.
    func begin(seed: UInt64) throws {
        let number = process.withLock { process in
            process?.0.kill()
            return (process?.1 ?? 0) + 1
        }
        let program = try Program(
            UsherProgram.path,
            [
                "payments-sim", "--port", "\(port)", "--ledger", "\(books.path)/ledger-\(number)", "--callback",
                "http://127.0.0.1:\(callbackPort)/v1/payments/callback", "--late-ms", "500", "--misbehave",
                "later=0.03,slow=0.02,error-after=0.02,reset-after=0.02,twice=0.02", "--seed", "\(seed % 1_000_000)",
            ], environment: ["USHER_WEBHOOK_SECRETS": Self.secret])
        process.withLock { $0 = (program, number) }
        try eventually("the provider listens") { (try? HTTPClient(port: port).send("GET", "/ledger")) != nil }
    }

    /// Money that was captured.
    struct Capture: Sendable {
        let booking: String
        let transaction: String
        let amount: Int
        let refunded: Int
    }

    /// The captures since the last `begin`, and the bookings for which any charge was requested.
    func read() throws -> (captures: [Capture], asked: Set<String>) {
        let said = try HTTPClient(port: port).send("GET", "/ledger").json
        let charges = said["charges"] as? [[String: Any]] ?? []
        let captures: [Capture] = charges.compactMap { charge in
            guard charge["status"] as? String == "succeeded" else { return nil }
            return Capture(
                booking: charge["bookingId"] as? String ?? "", transaction: charge["transactionId"] as? String ?? "",
                amount: charge["amount"] as? Int ?? 0, refunded: charge["refunded"] as? Int ?? 0)
        }
        return (captures, Set(charges.compactMap { $0["bookingId"] as? String }))
    }
}
