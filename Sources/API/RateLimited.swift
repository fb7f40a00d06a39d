import Accounts
import Booking
import HTTPServer
import Inventory
import Metrics

/// Refuses what a principal, an address that does not say who sends, or all principals of an address together ask too
/// fast; tells all others what they have left (draft-ietf-httpapi-ratelimit-headers-10).
///
/// Whoever is configured to call with an API key is not limited, nor are health, documents and signed callbacks. What
/// cannot be judged goes on, for Redis is away: only a claim would need it, and is told so at once.
final class RateLimited: HTTPHandler {
    private let limiter: RateLimiter
    private let authenticator: Authenticator
    private let next: any HTTPHandler
    private let refused = ServeMetrics.shared.refused["429"]
    /// `RateLimit-Policy` of principals and of addresses, of reads and of writes each.
    private let policies: (principal: (read: String, write: String), address: (read: String, write: String))
    /// Values of `RateLimit` that were told: most requests are told one of a few. Begun anew when there are many.
    private var texts: [Int64: String] = [:]
    private static let textLimit = 1024
    /// The same as whole headers, each at the place of what is left.
    private var rendered: [(key: Int64, lines: [UInt8])] = Array(repeating: (-1, []), count: linesKept)
    /// A power of two.
    private static let linesKept = 256

    init(_ limiter: RateLimiter, _ authenticator: Authenticator, next: any HTTPHandler) {
        self.limiter = limiter
        policies = (Self.policies(limiter.limits.principal), Self.policies(limiter.limits.address))
        self.authenticator = authenticator
        self.next = next
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard let subject = subject(request) else { return await next.respond(to: request) }
        guard let verdict = await limiter.judge(subject) else { return await unjudged(request) }
        guard verdict.isAdmitted else { return refusal(subject, verdict, request.policy.errors) }
        if subject.kind == .principal {
            let address = RateSubject(isWrite: subject.isWrite, .addressOfPrincipals, name: request.subscriber)
            guard let verdict = await limiter.judge(address) else { return await unjudged(request) }
            guard verdict.isAdmitted else { return refusal(address, verdict, request.policy.errors) }
        }
        var response = await next.respond(to: request)
        // A login that is refused tells of its own limit.
        if response.status != 429 { add(subject, verdict, to: &response.headers) }
        return response
    }

    /// Takes what a principal near no bound asks.
    func take(_ exchange: HTTPExchange) -> Bool {
        let request = exchange.request
        guard request.method != .options, request.policy.rate == .counted else { return next.take(exchange) }
        let isWrite = request.method != .get && request.method != .head
        guard let caller = authenticator.verified(request),
            let verdict = limiter.judgeNow(
                sender(caller), from: sender(exchange), isWrite: isWrite, now: request.arrival)
        else { return false }
        exchange.attachment = caller
        exchange.lines = lines(isWrite, verdict)
        return next.take(exchange)
    }

    private func sender(_ caller: VerifiedToken) -> RateSender {
        if let known = caller.companion as? RateSender { return known }
        let sender = RateSender(.principal, caller.principal.id.text)
        caller.companion = sender
        return sender
    }

    /// All requests of a connection come from one address, unless a proxy brings them.
    private func sender(_ exchange: HTTPExchange) -> RateSender {
        guard exchange.request.isDirect else { return RateSender(.addressOfPrincipals, exchange.request.subscriber) }
        if let known = exchange.companion as? RateSender { return known }
        let sender = RateSender(.addressOfPrincipals, exchange.request.subscriber)
        exchange.companion = sender
        return sender
    }

    /// Both headers as they are sent, and the one that keeps caches away behind them. Most requests are told one of a few.
    private func lines(_ isWrite: Bool, _ verdict: RateVerdict) -> [UInt8] {
        let seconds = Self.seconds(verdict)
        let key = verdict.remaining << 32 | seconds << 1 | (isWrite ? 1 : 0)
        let place = Int(truncatingIfNeeded: verdict.remaining &* 2 &+ (isWrite ? 1 : 0)) & (Self.linesKept - 1)
        if rendered[place].key == key { return rendered[place].lines }
        let text = text(isWrite, verdict.remaining, seconds)
        let policy = isWrite ? policies.principal.write : policies.principal.read
        let lines = Array("\r\nRateLimit: \(text)\r\nRateLimit-Policy: \(policy)".utf8) + RequestPipeline.noStoreLine
        rendered[place] = (key, lines)
        return lines
    }

    private func unjudged(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.policy.admission != .claim else {
            return Problem.inventory(InventoryError(.unavailable)).response(in: request.policy.errors)
        }
        return await next.respond(to: request)
    }

    /// Whose request it is; `nil` when nobody counts it.
    private func subject(_ request: HTTPRequest) -> RateSubject? {
        guard request.method != .options, request.policy.rate == .counted else { return nil }
        let isWrite = request.method != .get && request.method != .head
        // Whose credentials are not good is an address; the route tells it so.
        guard let principal = try? authenticator.principal(of: request) else {
            return RateSubject(isWrite: isWrite, .address, name: request.subscriber)
        }
        return principal.isService ? nil : RateSubject(isWrite: isWrite, .principal, name: principal.id.text)
    }

    private func refusal(
        _ subject: RateSubject, _ verdict: RateVerdict, _ form: RoutePolicy.ErrorForm
    ) -> HTTPResponse {
        refused.add()
        var headers = [(name: "Retry-After", value: String(Self.seconds(verdict)))]
        add(subject, verdict, to: &headers)
        let limit = subject.isAddress ? limiter.limits.address : limiter.limits.principal
        return Problem(
            .rateLimited,
            "More than \(limit.quota) requests \(Self.from(subject)) came in \(limit.seconds) s. Wait \(Self.seconds(verdict)) s.",
            headers: headers
        ).response(in: form)
    }

    private static func from(_ subject: RateSubject) -> String {
        switch subject.kind {
        case .principal: "by this caller"
        case .address: "without a token from this address"
        case .addressOfPrincipals: "with tokens from this address"
        }
    }

    private func add(
        _ subject: RateSubject, _ verdict: RateVerdict, to headers: inout [(name: String, value: String)]
    ) {
        let policy = subject.isAddress ? policies.address : policies.principal
        headers.reserveCapacity(headers.count + 2)
        headers.append(("RateLimit", text(subject.isWrite, verdict.remaining, Self.seconds(verdict))))
        headers.append(("RateLimit-Policy", subject.isWrite ? policy.write : policy.read))
    }

    private func text(_ isWrite: Bool, _ remaining: Int64, _ seconds: Int64) -> String {
        let key = remaining << 32 | seconds << 1 | (isWrite ? 1 : 0)
        if let known = texts[key] { return known }
        if texts.count >= Self.textLimit { texts.removeAll(keepingCapacity: true) }
        let text = "\(Self.name(isWrite));r=\(remaining);t=\(seconds)"
        texts[key] = text
        return text
    }

    private static func name(_ isWrite: Bool) -> String { isWrite ? "\"writes\"" : "\"reads\"" }

    private static func policies(_ limit: RateLimit) -> (read: String, write: String) {
        func policy(_ isWrite: Bool) -> String { "\(name(isWrite));q=\(limit.quota);w=\(limit.seconds)" }
        return (policy(false), policy(true))
    }

    private static func seconds(_ verdict: RateVerdict) -> Int64 { max(1, (verdict.wait + 999_999) / 1_000_000) }
}
