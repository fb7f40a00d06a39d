import BoxOffice
import HTTPClient
import JSON
import Loops
import Payments

/// Sends the outcome of a charge to the callback URL, with retries until it is acknowledged. Used on one loop.
final class CallbackSender {
    private let loop: EventLoop
    private let web: WebClient
    private let url: String
    private let signature: WebhookSignature
    private let clock: () -> Int64
    /// Called when a callback has been acknowledged.
    var onAcknowledged: (Charge) -> Void = { _ in }

    /// The first pause; each further pause doubles. Shorter than the minutes of real providers, for tests.
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)
    private static let timeout = Duration.seconds(10)

    init(loop: EventLoop, url: String, signature: WebhookSignature, clock: @escaping () -> Int64) {
        self.loop = loop
        self.url = url
        self.signature = signature
        self.clock = clock
        web = WebClient(loop: loop)
    }

    /// Sends the callback of a charge when the charge is due.
    func announce(_ charge: Charge, misbehaving: Misbehaviour? = nil) {
        let message = body(charge, excess: misbehaving == .wrongAmount ? 1 : 0)
        let stale = misbehaving == .disorder ? body(charge, hasFailed: true) : nil
        let time = if case .later(let time) = charge.outcome { time } else { clock() }
        loop.spawn { [loop, weak self] in
            guard let wait = self.map({ max(0, time - $0.clock()) }) else { return }
            await loop.sleep(for: .milliseconds(wait))
            guard let self else { return }
            if misbehaving == .twice { loop.spawn { await self.deliver("msg_\(charge.key)", message) } }
            await deliver("msg_\(charge.key)", message)
            onAcknowledged(charge)
            if let stale { await deliver("msg_\(charge.key)_stale", stale) }
        }
    }

    /// Delivers a message. Each try has a new timestamp and signature, and the same id.
    private func deliver(_ id: String, _ body: [UInt8]) async {
        var pause = Self.firstPause
        while true {
            let seconds = clock() / 1000
            let headers = [
                (name: "webhook-id", value: id), (name: "webhook-timestamp", value: String(seconds)),
                (name: "webhook-signature", value: signature.sign(id: id, timestamp: seconds, body: body)),
            ]
            let request = WebRequest(url: url, body: body, headers: headers, timeout: Self.timeout)
            if let answer = await web.send(request), (200...299).contains(answer.status) { return }
            await loop.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func body(_ charge: Charge, excess: Int64 = 0, hasFailed: Bool = false) -> [UInt8] {
        var reason: String?
        if case .declined(let code) = charge.outcome { reason = code }
        if hasFailed { reason = "generic_decline" }
        var json = JSONWriter()
        json.beginObject()
        json.member("type", reason == nil ? "payment.success" : "payment.failed")
        json.member("bookingId", charge.booking.description)
        json.member("paymentId", charge.key.description)
        json.member("transactionId", charge.transactionID)
        json.member("amount", charge.amount + excess)
        json.member("currency", charge.currency)
        if let reason { json.member("reason", reason) }
        json.endObject()
        return json.bytes
    }
}
