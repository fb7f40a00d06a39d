import Accounts
import BoxOffice
import HTTP
import Metrics
import SeatInventory

/// Refuses requests of a principal, of an address without credentials, or of all principals of an address together,
/// that exceed their limit; all other responses carry the remaining quota (draft-ietf-httpapi-ratelimit-headers-10).
///
/// Callers with a configured API key are not limited, nor are health, documents and signed callbacks. A request that
/// cannot be counted, because Redis is away, goes on: only a claim would need Redis, and is refused at once.
final class RateLimited: HTTPHandler {
    private let limiter: RateLimiter
    private let authenticator: Authenticator
    private let next: any HTTPHandler
    private let refused = ServeMetrics.shared.refused["429"]
    /// The `RateLimit-Policy` values of principals and of addresses, for reads and for writes.
    private let policies: (principal: (read: String, write: String), address: (read: String, write: String))
    /// Cached `RateLimit` values, since most requests get one of a few. Cleared when there are too many.
    private var texts: [Int64: String] = [:]
    private static let textLimit = 1024
    /// Cached header lines, each at the slot of its remaining quota.
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
        // A refused login has headers of its own limit.
        if response.status != 429 { add(subject, verdict, to: &response.headers) }
        return response
    }

    /// Takes requests of principals that are far from their limits.
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

    /// All requests of a connection come from one address, unless a proxy forwards them.
    private func sender(_ exchange: HTTPExchange) -> RateSender {
        guard exchange.request.isDirect else { return RateSender(.addressOfPrincipals, exchange.request.subscriber) }
        if let known = exchange.companion as? RateSender { return known }
        let sender = RateSender(.addressOfPrincipals, exchange.request.subscriber)
        exchange.companion = sender
        return sender
    }

    /// Both headers as sent, followed by the line that prevents caching. Most requests get one of a few values.
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

    /// The subject that the request counts for; `nil` if it is not counted.
    private func subject(_ request: HTTPRequest) -> RateSubject? {
        guard request.method != .options, request.policy.rate == .counted else { return nil }
        let isWrite = request.method != .get && request.method != .head
        // Invalid credentials count for the address; the route refuses them.
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
