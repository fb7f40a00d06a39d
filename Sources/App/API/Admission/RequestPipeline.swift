import Accounts
import HTTP
import Loops

/// The outermost handler: matches the route, so that all later handlers can read the route's policy, and sets the
/// caching headers.
final class RequestPipeline: HTTPHandler, HTTPAnswerObserver {
    private let router: Router
    private let authenticator: Authenticator
    private let origins: CrossOrigin?
    private let next: any HTTPHandler
    private let inFlight: InFlight
    /// Called for every request that is refused before its body is read.
    var onRefusal: (HTTPRequest, Router.Route, HTTPResponse) -> Void = { _, _, _ in }

    /// - Parameters:
    ///   - origins: the allowed origins of pages; `nil` if there are none.
    ///   - inFlight: counts the requests that are taken.
    ///   - next: the next handler; the last one is the router.
    init(
        _ router: Router, _ authenticator: Authenticator, origins: CrossOrigin?, inFlight: InFlight,
        next: any HTTPHandler
    ) {
        self.inFlight = inFlight
        self.router = router
        self.authenticator = authenticator
        self.origins = origins
        self.next = next
        router.refusal = { request, route in authenticator.refusal(request, route.policy) }
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        if let answer = origins?.preflight(request) { return answer }
        router.match(request)
        var response = await next.respond(to: request)
        if request.policy.caching == .revalidate { tag(&response, request) }
        if let caching = caching(request, response) { response.headers.append(("Cache-Control", caching)) }
        return response
    }

    static let noStoreLine = Array("\r\nCache-Control: no-store".utf8)

    /// Takes requests that a route can answer without a task, past the same layers. Takers handle only requests that
    /// leave no audit entry, and their answers must not be cached.
    func take(_ exchange: HTTPExchange) -> Bool {
        let request = exchange.request
        router.match(request)
        guard let route = request.route, router.hasTaker(route), route.policy.caching == .noStore else { return false }
        exchange.observer = self
        exchange.lines = Self.noStoreLine
        if next.take(exchange) { return true }
        exchange.observer = nil
        exchange.lines = []
        return false
    }

    /// Does the layers' work on the answer to a taken request.
    func complete(_ response: inout HTTPResponse, of exchange: HTTPExchange) {
        guard let route = exchange.request.route else { return }
        inFlight.end(route.policy.admission)
        // A route that refuses by its own limit sends that limit's headers.
        if response.status == 429 { exchange.lines = Self.noStoreLine }
        if response.headers.contains(where: { $0.name == "Cache-Control" }) {
            exchange.lines.removeLast(Self.noStoreLine.count)
        }
        router.onAnswer?(exchange.request, route, response, monotonicNanoseconds() - exchange.request.arrival)
    }

    /// Allows a long body only for callers that may use a route that takes one.
    func permit(_ head: HTTPRequest) async -> BodyPermit {
        router.match(head)
        let policy = head.policy
        guard let bytes = policy.bodyBytes else { return .upTo(0) }
        if authenticator.needsPreparation { await authenticator.prepare(head) }
        guard var refused = authenticator.refusal(head, policy) else { return .upTo(bytes) }
        refused.headers.append(("Cache-Control", "no-store"))
        if let route = head.route { onRefusal(head, route, refused) }
        return .refused(refused)
    }

    /// Adds an `ETag` to a cacheable answer, unless the handler did.
    private func tag(_ response: inout HTTPResponse, _ request: HTTPRequest) {
        guard response.status == 200, !response.headers.contains(where: { $0.name == "ETag" }) else { return }
        let headers = response.headers.filter { $0.name != "Content-Type" }
        response = EntityTag(of: response.body).answer(request, response.body, headers: headers)
    }

    /// The `Cache-Control` value; `nil` if the handler has set it. Errors must not be cached, and an administrator may
    /// see drafts under a public path.
    private func caching(_ request: HTTPRequest, _ response: HTTPResponse) -> String? {
        guard !response.headers.contains(where: { $0.name == "Cache-Control" }) else { return nil }
        guard response.status < 400 else { return "no-store" }
        switch request.policy.caching {
        case .noStore: return "no-store"
        case .own: return nil
        case .revalidate:
            let principal = try? authenticator.principal(of: request)
            return principal.map { $0.isAdmin || $0.isService } == true ? "no-store" : "no-cache"
        }
    }
}

extension Authenticator {
    private static func belongsToAPI(_ route: Router.Route) -> Bool {
        route.path.utf8.starts(with: "/v1/".utf8) || route.path.utf8.starts(with: "/api/".utf8)
    }

    /// The refusal of a request that may not use a route of this policy; `nil` if it may.
    func refusal(_ request: HTTPRequest, _ policy: RoutePolicy) -> HTTPResponse? {
        do throws(Problem) {
            switch policy.callers {
            case .anyone, .signed:
                // Documents and health checks accept any credentials: probes send what they like.
                if request.route.map(Self.belongsToAPI) == true { try check(request) }
            case .authenticated: _ = try required(request)
            case .administrators: _ = try admin(request)
            case .services:
                guard try required(request).isService else {
                    throw Problem(.forbidden, "Only a service may do this: send its key in X-API-Key.")
                }
            }
            return nil
        } catch {
            return error.response(in: policy.errors)
        }
    }
}

extension Problem {
    /// The response, in the error format of the route.
    func response(in form: RoutePolicy.ErrorForm) -> HTTPResponse {
        switch form {
        case .problem: response()
        case .dropIn: dropInResponse()
        }
    }
}
