import HTTP
import Metrics

/// Counts a loop's requests in flight, by their priority.
///
/// Queued work delays everything after it and finishes no sooner, so a request beyond the bound is better refused at
/// once with `Retry-After`. Requests that relieve or report the load have a higher bound than new claims.
final class InFlight {
    /// Essential requests wait for providers and for PostgreSQL's acknowledgements, so many at once are no sign of
    /// overload.
    private static let essentialFactor = 4

    private let limit: Int
    private var claims = 0
    private var essentials = 0
    private var others = 0

    /// - Parameter limit: bound for claims, and likewise for other requests.
    init(limit: Int) { self.limit = limit }

    /// Whether one more of this kind may begin.
    func admits(_ kind: RoutePolicy.Admission) -> Bool {
        switch kind {
        case .health: true
        case .essential: essentials < limit * Self.essentialFactor
        case .claim: claims < limit
        case .other: others < limit
        }
    }

    /// Counts a claim until Redis has judged it; what follows (a provider, an acknowledgement) delays no other claim.
    ///
    /// - Throws: 503 if too many claims are in flight.
    func claiming<Value>(_ body: nonisolated(nonsending) () async throws -> Value) async throws -> Value {
        guard admits(.claim) else { throw Self.refusal }
        claims += 1
        defer { claims -= 1 }
        return try await body()
    }

    /// Counts a claim that runs without a task; its caller must call `endClaim`.
    func beginClaim() { claims += 1 }

    /// Called when Redis has judged the claim.
    func endClaim() { claims -= 1 }

    /// Counts a request that is not a claim, until `end`.
    func begin(_ kind: RoutePolicy.Admission) { count(kind, 1) }

    /// Called when the request is answered.
    func end(_ kind: RoutePolicy.Admission) { count(kind, -1) }

    private func count(_ kind: RoutePolicy.Admission, _ change: Int) {
        switch kind {
        case .essential: essentials += change
        case .other: others += change
        case .claim, .health: break
        }
    }

    /// Counts a request that is not a claim until it is answered.
    func counting(
        _ kind: RoutePolicy.Admission, _ body: nonisolated(nonsending) () async -> HTTPResponse
    ) async -> HTTPResponse {
        begin(kind)
        defer { end(kind) }
        return await body()
    }

    /// The 503 for requests beyond the bound.
    static let refusal = Problem(
        .overloaded, "The server is working on as many requests as it can; nothing was done.",
        headers: [("Retry-After", "1")])
}

/// Refuses requests beyond the bound before any work is spent on them.
final class Admission: HTTPHandler {
    private let inFlight: InFlight
    private let next: any HTTPHandler
    private let refused = ServeMetrics.shared.refused["503"]

    init(_ inFlight: InFlight, next: any HTTPHandler) {
        self.inFlight = inFlight
        self.next = next
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let kind = request.policy.admission
        guard inFlight.admits(kind) else {
            refused.add()
            return InFlight.refusal.response(in: request.policy.errors)
        }
        return await inFlight.counting(kind) { await next.respond(to: request) }
    }

    /// A taken request is counted until the pipeline sees its answer.
    func take(_ exchange: HTTPExchange) -> Bool {
        let kind = exchange.request.policy.admission
        guard inFlight.admits(kind) else { return false }
        inFlight.begin(kind)
        if next.take(exchange) { return true }
        inFlight.end(kind)
        return false
    }
}
