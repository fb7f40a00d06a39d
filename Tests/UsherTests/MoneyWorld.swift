import Cryptography
import Foundation
import Support

/// Two copies of the API, a reconciler, and a provider that misbehaves, all as separate processes.
final class MoneyWorld: Sendable {
    /// The gateway that charges money.
    enum Gateway: CaseIterable {
        /// `usher payments-sim`.
        case http
        /// The simulated gateway inside the process.
        case simulated
    }

    let cluster: Cluster
    let gateway: Gateway
    private let provider: Program?
    private let providerPort: UInt16
    private let directory: TemporaryDirectory

    /// The provider's faults, in about every fourth request.
    private static let misbehaviours =
        "error=0.02,error-after=0.04,reset=0.02,reset-after=0.03,slow=0.03,delay=0.02,later=0.04,twice=0.03,"
        + "disorder=0.03,wrong-amount=0.02,overcharge=0.01,refuse-refund=0.02"

    /// - Parameter bug: the bug that is planted in every copy.
    init(_ gateway: Gateway, seed: UInt64, bug: String? = nil) throws {
        self.gateway = gateway
        directory = try TemporaryDirectory()
        providerPort = try freePort()
        let secret = "whsec_" + base64Encode(Array("the provider's secret".utf8))
        var environment = [
            "USHER_WEBHOOK_SECRETS": secret, "USHER_SIM_CALLBACK_MS": "300",
            "USHER_PAYMENT_GATEWAY": gateway == .http ? "http://127.0.0.1:\(providerPort)" : "simulated",
        ]
        environment["USHER_PLANTED_BUG"] = bug
        cluster = try Cluster(copies: 2, environment: environment)
        guard gateway == .http else {
            provider = nil
            return
        }
        provider = try Program(
            Cluster.binary,
            [
                "payments-sim", "--port", "\(providerPort)", "--ledger", "\(directory.path)/ledger", "--callback",
                "http://127.0.0.1:\(cluster.ports[0])/v1/payments/callback", "--late-ms", "700", "--misbehave",
                Self.misbehaviours, "--seed", "\(seed % 1_000_000)",
            ], environment: ["USHER_WEBHOOK_SECRETS": secret])
        let port = providerPort
        try eventually("the provider listens") { (try? HTTPClient(port: port).send("GET", "/ledger")) != nil }
    }

    /// Switches the provider's faults off.
    func behave() throws {
        guard gateway == .http else { return }
        _ = try HTTPClient(port: providerPort).send("PUT", "/misbehaviours", body: "{\"misbehave\":\"\",\"seed\":0}")
    }

    /// Pays at the provider directly, with a key that Usher did not create.
    func payDirectly(_ key: String, _ booking: String, _ amount: Int) {
        guard gateway == .http else { return }
        let body = """
            {"key":"\(key)","bookingId":"\(booking)","amount":\(amount),"currency":"USD","card":"4242424242424242"}
            """
        _ = try? HTTPClient(port: providerPort).send("POST", "/charges", body: body)
    }

    /// A charge that the provider made.
    struct Capture {
        let key: String
        let booking: String
        let transaction: String
        let amount: Int
        let refunded: Int
    }

    /// The successful charges in the provider's ledger.
    func captures() throws -> [Capture] {
        switch gateway {
        case .http:
            let books = try HTTPClient(port: providerPort).send("GET", "/ledger").json
            return (books["charges"] as? [[String: Any]] ?? []).compactMap { charge in
                guard charge["status"] as? String == "succeeded" else { return nil }
                return Capture(
                    key: charge["key"] as? String ?? "", booking: charge["bookingId"] as? String ?? "",
                    transaction: charge["transactionId"] as? String ?? "", amount: charge["amount"] as? Int ?? 0,
                    refunded: charge["refunded"] as? Int ?? 0)
            }
        case .simulated:
            return try simulatedCaptures()
        }
    }

    private static let books = """
        local books = {}
        for _, name in ipairs(redis.call('KEYS', 'sim:c:*')) do
          local key, sum = string.sub(name, 7), 0
          for _, part in ipairs(redis.call('HVALS', 'sim:r:' .. key)) do
            sum = sum + tonumber(part)
          end
          books[#books + 1] = key .. ' ' .. sum .. ' ' .. redis.call('GET', name)
        end
        return books
        """

    private func simulatedCaptures() throws -> [Capture] {
        let program = try Program("redis-cli", ["-u", cluster.redis.url, "--raw", "EVAL", Self.books, "0"])
        let now = Int(Date().timeIntervalSince1970 * 1000)
        return program.readToEnd().split(separator: "\n").compactMap { line in
            let part = line.split(separator: " ").map(String.init)
            guard part.count == 7, let refunded = Int(part[1]), let amount = Int(part[3]) else { return nil }
            guard part[5] == "succeeded" || part[5] == "later" && Int(part[6]).map({ $0 <= now }) ?? false else {
                return nil
            }
            return Capture(
                key: part[0], booking: part[2], transaction: "sim_\(part[0])", amount: amount, refunded: refunded)
        }
    }
}
