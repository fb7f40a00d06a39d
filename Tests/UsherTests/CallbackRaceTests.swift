import Cryptography
import Foundation
import Payments
import Support
import Synchronization
import Testing

/// A provider that sends the same callback to every copy at once.
@Suite("Callbacks to two copies", .serialized)
struct CallbackRaceTests {
    private static let secret = "whsec_" + base64Encode(Array("the provider's secret".utf8))

    @Test("a message sent twenty times in parallel takes effect once and always gets 200", arguments: [true, false])
    func twentyTimes(isSuccess: Bool) async throws {
        let cluster = try Cluster(
            environment: ["USHER_WEBHOOK_SECRETS": Self.secret, "USHER_SIM_CALLBACK_MS": "off"])
        let event = try cluster.makeEvent(capacity: 5)
        let client = HTTPClient(port: cluster.ports[0])
        let headers = bearer(try cluster.token("ann"))
        let claim =
            RaceTests.claim(event).dropLast() + ",\"payment\":{\"cardNumber\":\"4000000000000077\"}}"
        let booked = try client.send("POST", "/v1/bookings", headers: headers, body: String(claim))
        #expect(booked.status == 202)
        let id = try #require(booked.json["id"] as? String)
        let body = """
            {"type":"payment.\(isSuccess ? "success" : "failed")","bookingId":"\(id)","transactionId":"t-1",\
            "amount":1000,"currency":"USD"}
            """
        let now = Int64(Date().timeIntervalSince1970)
        let signature = try #require(WebhookSignature(secrets: [Self.secret]))
        let signed = [
            ("webhook-id", "message"), ("webhook-timestamp", "\(now)"),
            ("webhook-signature", signature.sign(id: "message", timestamp: now, body: Array(body.utf8))),
        ]
        let answers = Mutex<[String]>([])
        let gate = Barrier(20)
        await onThreads(20) { index in
            let client = HTTPClient(port: cluster.ports[index % 2])
            gate.wait()
            let answer = try? client.send("POST", "/v1/payments/callback", headers: signed, body: body)
            let word = "\(answer?.status ?? 0) \(answer?.json["outcome"] ?? "")"
            answers.withLock { $0.append(word) }
        }
        let first = isSuccess ? "200 confirmed" : "200 released"
        let words = answers.withLock { $0 }
        #expect(words.count { $0 == first } == 1 && words.count { $0 == "200 duplicate" } == 19, "\(words)")
        let expected = isSuccess ? "CONFIRMED|3|SUCCEEDED|1" : "RESERVED|3|FAILED|1"
        try eventually("the payment is persisted") {
            try cluster.postgres.rows(
                """
                SELECT b.status, b.version, p.status, count(*) OVER () FROM bookings b
                JOIN payments p ON p.booking_id = b.id
                """) == [expected]
        }
    }
}
