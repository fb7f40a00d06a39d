public import Booking
public import EventLoop
import JSON
import Text
import Tracing
import WebClient

/// A provider behind HTTP, speaking the protocol of `usher payments-sim`. Lives on one loop.
///
/// Every question carries a key under which the provider does it once, so that it may be asked again; only an answer
/// that is whole and about this very charge is believed. Anything else is `unknown`: the money may have moved.
public final class HTTPGateway: PaymentGateway {
    /// How long to wait, and how often to ask.
    public struct Patience: Sendable {
        /// For one try. A card network takes a second or two; the customer waits for this.
        public var tryTime = Duration.seconds(5)
        /// For all tries; the rest is settlement's.
        public var wholeTime = Duration.seconds(12)
        /// Tries of one question.
        public var tries = 3
        /// Before the second try; it doubles.
        public var pause = Duration.milliseconds(100)

        /// The usual.
        public init() {}
    }

    /// Names the provider.
    public let name = "http"
    private let loop: EventLoop
    private let web: WebClient
    private let url: String
    private let patience: Patience

    /// A gateway to the provider at an address. On the loop's thread only.
    ///
    /// - Parameter url: without a slash at its end; may hold credentials, so it is never logged.
    public init(loop: EventLoop, url: String, patience: Patience = Patience()) {
        self.loop = loop
        self.url = url
        self.patience = patience
        web = WebClient(loop: loop)
    }

    /// Takes money once, however often it is asked under the same key.
    public func charge(
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
        // Another sum than was asked for: the lookup will tell, and settlement judge it.
        case .succeeded where charge.amount != amount || !charge.currency.isSame(as: currency): return .unknown
        case .succeeded(let transaction): return .succeeded(transactionID: transaction)
        case .declined(let code): return .declined(code: code)
        case .pending: return .pending
        }
    }

    /// What became of an attempt.
    public func lookup(key: PaymentID, trace: String) async -> LookupAnswer {
        guard let answer = await ask("lookup", "/charges/\(key)", nil, trace) else { return .unknown }
        // A 404 of somebody in between says nothing about the charge.
        if answer.status == 404, ProviderFields(answer.body)?.text("code") == "charge-not-found" { return .notFound }
        guard let charge = ProviderCharge(answer, key: key) else { return .unknown }
        switch charge.outcome {
        case .succeeded(let transaction):
            return .succeeded(transactionID: transaction, amount: charge.amount, currency: charge.currency)
        case .declined(let code): return .declined(code: code)
        case .pending: return .pending
        }
    }

    /// Gives money back, up to `to` in all.
    public func refund(
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

    /// Asks within a trace, all tries being one piece of work of it: the provider is told by `traceparent` (W3C Trace
    /// Context, section 3.2).
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

    /// Asks until there is an answer or no patience. Every question here may be asked again.
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
            if let answer = await web.send(request), !Self.isPassing(answer.status) { return answer }
            guard attempt < patience.tries else { return nil }
            await loop.sleep(for: pause)
            pause *= 2
        }
        return nil
    }

    /// Whether the same question may be answered otherwise in a moment.
    private static func isPassing(_ status: Int) -> Bool { status >= 500 || status == 429 || status == 408 }
}

extension PaymentMeans {
    /// Whether it is a card's number; else a token.
    fileprivate var isCard: Bool {
        (12...19).contains(secret.utf8.count) && secret.utf8.allSatisfy { (48...57).contains($0) }
    }
}
