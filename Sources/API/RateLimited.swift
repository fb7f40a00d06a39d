import Accounts
import HTTPServer
import Inventory
import Metrics

/// Refuses what a principal, or an address that does not say who sends, asks too fast; tells all others what they have
/// left (draft-ietf-httpapi-ratelimit-headers-10).
///
/// Whoever is configured to call with an API key is not limited, nor are health, documents and signed callbacks. What
/// cannot be judged goes on, for Redis is away: only a claim would need it, and is told so at once.
final class RateLimited: HTTPHandler {
    private let limiter: RateLimiter
    private let authenticator: Authenticator
    private let next: any HTTPHandler
    private let refused = ServeMetrics.shared.refused["429"]

    init(_ limiter: RateLimiter, _ authenticator: Authenticator, next: any HTTPHandler) {
        self.limiter = limiter
        self.authenticator = authenticator
        self.next = next
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard let subject = subject(request) else { return await next.respond(to: request) }
        guard let verdict = await limiter.judge(subject) else {
            guard InFlight.kind(request.method, request.path) != .claim else {
                return Problem.inventory(InventoryError(.unavailable)).response()
            }
            return await next.respond(to: request)
        }
        guard verdict.isAdmitted else {
            refused.add()
            return refusal(subject, verdict)
        }
        var response = await next.respond(to: request)
        // A login that is refused tells of its own limit.
        if response.status != 429 { response.headers += headers(subject, verdict) }
        return response
    }

    func bodyLimit(_ method: HTTPMethod, _ path: String) -> Int? { next.bodyLimit(method, path) }

    /// Whose request it is; `nil` when nobody counts it.
    private func subject(_ request: HTTPRequest) -> RateSubject? {
        guard request.method != .options, !Self.isUnlimited(request.path) else { return nil }
        let isWrite = request.method != .get && request.method != .head
        // Whose credentials are not good is an address; the route tells it so.
        guard let principal = try? authenticator.principal(of: request) else {
            return RateSubject(isWrite: isWrite, isAddress: true, name: request.peer)
        }
        return principal.isService ? nil : RateSubject(isWrite: isWrite, isAddress: false, name: principal.id)
    }

    private static func isUnlimited(_ path: String) -> Bool {
        switch path {
        case "/livez", "/readyz", "/metrics", "/v1/payments/callback", "/openapi.json", "/docs": true
        default: path.hasPrefix("/docs/")
        }
    }

    private func refusal(_ subject: RateSubject, _ verdict: RateVerdict) -> HTTPResponse {
        Problem(
            429, "rate-limited", "Too many requests are sent.", isRetryable: true,
            headers: [("Retry-After", Self.seconds(verdict))] + headers(subject, verdict)
        ).response()
    }

    private func headers(_ subject: RateSubject, _ verdict: RateVerdict) -> [(name: String, value: String)] {
        let name = subject.isWrite ? "\"writes\"" : "\"reads\""
        let limit = limiter.limit(subject)
        return [
            ("RateLimit", "\(name);r=\(verdict.remaining);t=\(Self.seconds(verdict))"),
            ("RateLimit-Policy", "\(name);q=\(limit.quota);w=\(limit.seconds)"),
        ]
    }

    private static func seconds(_ verdict: RateVerdict) -> String {
        String(max(1, (verdict.wait + 999_999) / 1_000_000))
    }
}
