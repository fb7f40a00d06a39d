import HTTPServer
import Metrics

/// Requests of one loop that are being worked on, by how much it matters that they get through.
///
/// Work that waits in a queue makes all that comes after it late and gets nothing done sooner: what is beyond the bound
/// is better told at once to come back. What makes the pressure less, or tells of it, passes further than new claims do.
final class InFlight {
    /// Essential requests wait for providers and for PostgreSQL's acks, so that many at once are no sign of overload.
    private static let essentialFactor = 4

    private let limit: Int
    private var claims = 0
    private var essentials = 0
    private var others = 0

    /// - Parameter limit: claims at a time, and likewise other requests.
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

    /// Counts a claim until Redis has judged it; what follows (a provider, an ack) holds up no other claim.
    ///
    /// - Throws: 503 when there are enough.
    func claiming<Value>(_ body: nonisolated(nonsending) () async throws -> Value) async throws -> Value {
        guard admits(.claim) else { throw Self.refusal }
        claims += 1
        defer { claims -= 1 }
        return try await body()
    }

    /// The same without a task: whoever begins a claim ends it.
    func beginClaim() { claims += 1 }

    /// Redis has judged it.
    func endClaim() { claims -= 1 }

    /// Counts a request that is no claim, until `end`.
    func begin(_ kind: RoutePolicy.Admission) { count(kind, 1) }

    /// It is answered.
    func end(_ kind: RoutePolicy.Admission) { count(kind, -1) }

    private func count(_ kind: RoutePolicy.Admission, _ change: Int) {
        switch kind {
        case .essential: essentials += change
        case .other: others += change
        case .claim, .health: break
        }
    }

    /// Counts a request that is no claim until it is answered.
    func counting(
        _ kind: RoutePolicy.Admission, _ body: nonisolated(nonsending) () async -> HTTPResponse
    ) async -> HTTPResponse {
        begin(kind)
        defer { end(kind) }
        return await body()
    }

    /// 503 for what comes on top.
    static let refusal = Problem(
        .overloaded, "The server is working on as many requests as it can; nothing was done.",
        headers: [("Retry-After", "1")])
}

/// Refuses what is beyond the bound before anything is spent on it.
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

    /// What is taken is counted until the pipeline sees its answer.
    func take(_ exchange: HTTPExchange) -> Bool {
        let kind = exchange.request.policy.admission
        guard inFlight.admits(kind) else { return false }
        inFlight.begin(kind)
        if next.take(exchange) { return true }
        inFlight.end(kind)
        return false
    }
}
