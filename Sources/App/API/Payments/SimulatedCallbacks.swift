import BoxOffice
import Cryptography
import HTTP
import JSON
import Payments

/// The simulated provider's callbacks: signed, and received by the same route as real ones.
enum SimulatedCallbacks {
    /// A random secret of this process, so that its simulated provider can sign even if no secret is configured.
    static func signature(_ random: RandomSource) -> WebhookSignature? {
        let key = (0..<4).flatMap { _ in
            let word = random.next()
            return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
        return WebhookSignature(secrets: ["whsec_" + base64Encode(key)])
    }

    /// Connects the provider to the route.
    static func connect(
        _ gateway: SimulatedGateway, to route: CallbackRoute, by signature: WebhookSignature, _ context: APIContext
    ) {
        gateway.call = { [weak route, weak context] callback in
            guard let route, let context else { return true }
            let body = body(callback)
            let id = "msg_\(callback.key)"
            let now = context.now / 1000
            let answer = await route.receive(
                id: id, timestamp: now, signature: signature.sign(id: id, timestamp: now, body: body), body: body)
            return (200..<300).contains(answer.status)
        }
    }

    private static func body(_ callback: SimulatedGateway.Callback) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "payment.success")
        json.member("bookingId", callback.charge.booking.description)
        json.member("paymentId", callback.key.description)
        json.member("transactionId", callback.transactionID)
        json.member("amount", callback.charge.amount)
        json.member("currency", callback.charge.currency)
        json.endObject()
        return json.bytes
    }
}
