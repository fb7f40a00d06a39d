package import BoxOffice
import HTTPClient
import JSON
package import Loops
import Text
import Tracing

/// A gateway to a provider over HTTP, with the protocol of `usher payments-sim`. Used on one loop.
///
/// Every request has an idempotency key, so it may be retried. Only a complete response about this charge counts.
/// Anything else is `unknown`: the money may have been charged.
package final class HTTPGateway: PaymentGateway {
    /// Timeouts and retries.
    package struct Patience: Sendable {
        /// Timeout of one try. Card networks take a second or two, while the customer waits.
        package var tryTime = Duration.seconds(5)
        /// Timeout of all tries; after it, settlement determines the outcome.
        package var wholeTime = Duration.seconds(12)
        /// The most tries of one request.
        package var tries = 3
        /// The pause before the second try; doubles for each further try.
        package var pause = Duration.milliseconds(100)

        package init() {}
    }

    package let name = "http"
    private let loop: EventLoop
    private let web: WebClient
    private let url: String
    private let patience: Patience

    /// Call on the loop's thread only.
    ///
    /// - Parameter url: the provider's address, without a trailing slash. May contain credentials, so it is never
    ///   logged.
    package init(loop: EventLoop, url: String, patience: Patience = Patience()) {
        self.loop = loop
        self.url = url
        self.patience = patience
        web = WebClient(loop: loop)
    }

    /// Charges money, once for a key.
    package func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans, trace: String
    ) async -> ChargeAnswer {
        var json = JSONWriter()
        json.beginObject()
        json.member("key", key.description)
        json.member("bookingId", booking.description)
        json.member("amount", amount)
        json.member("currency", currency)
        json.member(means.isCard ? "card" : "token", means.secret)
        json.endObject()
        guard let answer = await ask("charge", "/charges", json.bytes, trace),
            let charge = ProviderCharge(answer, key: key)
        else {
            return .unknown
        }
        switch charge.outcome {
        // The amount differs from the request: settlement looks the charge up and decides.
        case .succeeded where charge.amount != amount || !charge.currency.isSame(as: currency): return .unknown
        case .succeeded(let transaction): return .succeeded(transactionID: transaction)
        case .declined(let code): return .declined(code: code)
        case .pending: return .pending
        }
    }

    /// Looks up the outcome of an attempt.
    package func lookup(key: PaymentID, trace: String) async -> LookupAnswer {
        guard let answer = await ask("lookup", "/charges/\(key)", nil, trace) else { return .unknown }
        // A 404 from a proxy says nothing about the charge.
        if answer.status == 404, ProviderFields(answer.body)?.text("code") == "charge-not-found" { return .notFound }
        guard let charge = ProviderCharge(answer, key: key) else { return .unknown }
        switch charge.outcome {
        case .succeeded(let transaction):
            return .succeeded(transactionID: transaction, amount: charge.amount, currency: charge.currency)
        case .declined(let code): return .declined(code: code)
        case .pending: return .pending
        }
    }

    /// Refunds money, up to a total of `to`.
    package func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String, trace: String
    ) async -> RefundAnswer {
        var json = JSONWriter()
        json.beginObject()
        json.member("key", key.description)
        json.member("transactionId", transactionID)
        json.member("from", from)
        json.member("to", to)
        json.member("currency", currency)
        json.endObject()
        guard let answer = await ask("refund", "/refunds", json.bytes, trace), answer.status == 200,
            let fields = ProviderFields(answer.body), fields.text("transactionId")?.isSame(as: transactionID) == true
        else { return .unknown }
        switch fields.text("status") {
        case "refunded" where (fields.integer("refunded") ?? 0) >= to: return .refunded
        case "refused": return .refused(code: fields.code)
        default: return .unknown
        }
    }

    /// Sends a request within a trace, with one span for all tries. The provider gets the context in `traceparent` (W3C
    /// Trace Context, section 3.2).
    private func ask(_ what: String, _ path: String, _ body: [UInt8]?, _ trace: String) async -> WebAnswer? {
        guard let caller = TraceContext(traceparent: trace.prefix(55)) else { return await ask(path, body, []) }
        let own = Tracer.shared.isOn ? caller.child() : caller
        let start = monotonicNanoseconds()
        let answer = await ask(path, body, [("traceparent", own.traceparent)])
        if Tracer.shared.isOn {
            var known: [(name: String, value: Span.Value)] = [
                ("http.request.method", .text(body == nil ? "GET" : "POST"))
            ]
            if let answer { known.append(("http.response.status_code", .number(Int64(answer.status)))) }
            Tracer.shared.record(
                Span(
                    "provider \(what)", .client, own, parent: caller.spanID, lasting: monotonicNanoseconds() - start,
                    known, hasFailed: answer == nil))
        }
        return answer
    }

    /// Sends a request until there is a response, or the tries or the time are used up. All requests here may be
    /// retried.
    private func ask(
        _ path: String, _ body: [UInt8]?, _ headers: [(name: String, value: String)]
    ) async -> WebAnswer? {
        let deadline = ContinuousClock.now + patience.wholeTime
        var pause = patience.pause
        for attempt in 1...patience.tries {
            let left = deadline - .now
            guard left > .zero else { return nil }
            let request = WebRequest(
                url: url + path, body: body, headers: headers, timeout: min(left, patience.tryTime))
            if let answer = await web.send(request), !Self.isTransient(answer.status) { return answer }
            guard attempt < patience.tries else { return nil }
            await loop.sleep(for: pause)
            pause *= 2
        }
        return nil
    }

    /// Whether a retry may get another response.
    private static func isTransient(_ status: Int) -> Bool { status >= 500 || status == 429 || status == 408 }
}

extension PaymentMeans {
    /// Whether the secret is a card number; otherwise it is a token.
    fileprivate var isCard: Bool {
        (12...19).contains(secret.utf8.count) && secret.utf8.allSatisfy { (48...57).contains($0) }
    }
}
