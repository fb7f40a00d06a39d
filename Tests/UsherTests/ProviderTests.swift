import Foundation
import Support
import Testing

/// `usher serve` with an HTTP payment provider.
@Suite("An HTTP provider", .serialized)
struct ProviderTests {
    /// `usher payments-sim`.
    struct Provider {
        let program: Program
        let client: HTTPClient
        let url: String
        let books = Result { try TemporaryDirectory() }

        init() throws {
            let port = try freePort()
            url = "http://127.0.0.1:\(port)"
            client = HTTPClient(port: port)
            program = try Program(
                Cluster.binary, ["payments-sim", "--port", "\(port)", "--ledger", try books.get().path + "/ledger"])
            guard program.read(until: url) != nil else { throw SupportError("no provider: \(program.output)") }
        }

        func charges() throws -> [[String: Any]] {
            try client.send("GET", "/ledger").json["charges"] as? [[String: Any]] ?? []
        }
    }

    @Test("a booking is charged once, and a charge without a response leaves it pending")
    func pays() throws {
        let provider = try Provider()
        let cluster = try Cluster(copies: 1, environment: ["USHER_PAYMENT_GATEWAY": provider.url + "/"])
        let event = try cluster.makeEvent(capacity: 10)
        let client = HTTPClient(port: cluster.ports[0])
        let user = bearer(try cluster.token("ann"))
        func book(_ card: String) throws -> HTTPClient.Answer {
            let body = """
                {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":2}],
                 "payment":{"cardNumber":"\(card)"}}
                """
            return try client.send("POST", "/v1/bookings", headers: user, body: body)
        }
        let paid = try book("4242424242424242")
        #expect(paid.status == 201, "\(paid.text)")
        let payment = try #require(paid.json["payment"] as? [String: Any])
        let charge = try #require(try provider.charges().first)
        #expect(payment["provider"] as? String == "http")
        #expect(payment["id"] as? String == charge["key"] as? String)
        #expect(payment["transactionId"] as? String == charge["transactionId"] as? String)
        #expect(paid.json["id"] as? String == charge["bookingId"] as? String)
        #expect(charge["amount"] as? Int64 == 2000)
        #expect(try book("4000000000000002").json["declineCode"] as? String == "generic_decline")
        let unanswered = try book("4000000000000119")
        #expect(unanswered.status == 202)
        #expect(unanswered.json["status"] as? String == "PENDING_PAYMENT")
        #expect(try provider.charges().map { $0["status"] as? String } == ["succeeded", "declined", "succeeded"])
    }

    @Test("the payment provider must be set, and the simulated one is reported at start-up")
    func unnamed() throws {
        for command in ["serve", "reconcile"] {
            let program = try Program(Cluster.binary, [command], environment: ["USHER_PAYMENT_GATEWAY": ""])
            #expect(program.wait() == 1)
            #expect(program.output.hasPrefix("USHER_PAYMENT_GATEWAY is missing. Set it"), "\(program.output)")
        }
        let cluster = try Cluster(copies: 1, environment: ["USHER_DROP_IN_UNPAID": "1"])
        let serve = cluster.copy("serve-0")?.output ?? ""
        #expect(serve.contains("No money is charged: the payment provider is the simulated one"), "\(serve)")
        #expect(serve.contains("POST /api/bookings and /api/bookings/reserve issue paid tickets"), "\(serve)")
        let reconcile = cluster.copy("reconcile")?.output ?? ""
        #expect(reconcile.contains("No money is refunded: the payment provider is the simulated one"), "\(reconcile)")
        let client = HTTPClient(port: cluster.ports[0])
        #expect(try client.send("GET", "/v1/demo").json["paymentProvider"] as? String == "simulated")
    }

    @Test("an invalid address or secret prevents the start with a sentence that does not repeat it")
    func settings() throws {
        for command in ["serve", "reconcile"] {
            for url in ["ftp://key@host", "host", "http://", "http:///x", "http://key@host/?x", "http://key host"] {
                let program = try Program(Cluster.binary, [command], environment: ["USHER_PAYMENT_GATEWAY": url])
                #expect(program.wait() == 1)
                #expect(program.output.contains("USHER_PAYMENT_GATEWAY must be"), "\(program.output)")
                #expect(!program.output.contains("key"))
            }
        }
        let options = ["payments-sim", "--callback", "http://127.0.0.1:1/"]
        for (secrets, sentence) in [("", "is missing"), ("whsec_secret", "must be")] {
            let program = try Program(Cluster.binary, options, environment: ["USHER_WEBHOOK_SECRETS": secrets])
            #expect(program.wait() == 1)
            #expect(program.output.contains("USHER_WEBHOOK_SECRETS \(sentence)"))
        }
        for options in [
            ["--port", "x"], ["--misbehave", "nonsense=1"], ["--seed", "-1"], ["--callback", "x"], ["--port"],
        ] {
            let program = try Program(Cluster.binary, ["payments-sim"] + options)
            // A missing value is a usage error.
            #expect(program.wait() == (options.count == 1 ? 64 : 1), "\(options)")
        }
        let help = try Program(Cluster.binary, ["payments-sim", "--help"])
        #expect(help.wait() == 0)
        #expect(help.output.contains("--misbehave"))
    }
}
