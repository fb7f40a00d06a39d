import Glibc
import Loops

/// Finds the handler of a request by path and method. Lives on one loop.
package final class Router: HTTPHandler {
    package typealias Handler = nonisolated(nonsending) (HTTPRequest) async -> HTTPResponse
    /// Takes a request if it can be answered without a task; see `HTTPHandler.take`.
    package typealias Taker = (HTTPExchange) -> Bool

    /// A registered route.
    package final class Route: Sendable {
        /// Counts from 0, in registration order.
        package let index: Int
        /// A GET route also answers HEAD.
        package let method: HTTPMethod
        /// The path with its parameters in braces.
        package let path: String
        package let policy: RoutePolicy
        /// The parameters' names, in path order.
        let parameterNames: [String]

        init(index: Int, method: HTTPMethod, path: String, policy: RoutePolicy) {
            parameterNames = path.split(separator: "/").filter { $0.hasPrefix("{") }
                .map { String($0.dropFirst().dropLast()) }
            self.index = index
            self.method = method
            self.path = path
            self.policy = policy
        }
    }

    /// The result of matching a request's path and method.
    package enum Match: Sendable {
        /// A route matches.
        case route(Route)
        /// The path exists, but not with this method; has the path's methods, for `Allow`.
        case otherMethod(allowed: String)
        /// `*`: the server as a whole (RFC 9110, section 9.3.7).
        case server
        /// No route has this path.
        case unknown
        /// The path has a malformed escape or a dot segment.
        case malformed
    }

    private final class Node {
        var fixed: [(name: [UInt8], node: Node)] = []
        var parameter: (name: String, node: Node)?
        var routes: [(method: HTTPMethod, route: Route)] = []

        func route(_ method: HTTPMethod) -> Route? {
            let method = method == .head ? .get : method
            for index in routes.indices where routes[index].method == method { return routes[index].route }
            return nil
        }

        func fixed(_ name: UnsafeBufferPointer<UInt8>) -> Node? {
            unsafe fixed.withUnsafeBufferPointer { fixed in
                for index in fixed.indices where unsafe fixed[index].name.count == name.count {
                    let isSame = unsafe fixed[index].name.withUnsafeBufferPointer { own in
                        guard let left = own.baseAddress, let right = name.baseAddress else { return true }
                        return unsafe memcmp(left, right, name.count) == 0
                    }
                    if isSame { return unsafe fixed[index].node }
                }
                return nil
            }
        }
    }

    /// A route without parameters.
    private struct PlainRoute {
        let method: HTTPMethod
        let path: [UInt8]
        let route: Route
    }

    private let root = Node()
    /// Grouped by path length modulo the number of groups: most requests are found here.
    private var plainRoutes: [[PlainRoute]] = Array(repeating: [], count: plainRouteGroups)
    private static let plainRouteGroups = 32
    /// By route index.
    private var handlers: [Handler] = []
    /// By route index; `nil` for routes that always need a task.
    private var takers: [Taker?] = []
    /// All routes, in registration order.
    package private(set) var routes: [Route] = []
    /// Called before a route's handler: returns the response if the request is refused, else `nil`.
    package var refusal: ((HTTPRequest, Route) -> HTTPResponse?)?
    /// Answers a request for an unknown path; by default with 404 `not-found`.
    package var missing: (HTTPRequest) -> HTTPResponse = { _ in Problem(.notFound, Router.missingDetail).response() }
    package static let missingDetail = "There is nothing at this path."
    /// Called with every response, its route (`nil` if there was none), and the handling time in nanoseconds.
    package var onAnswer: ((HTTPRequest, Route?, HTTPResponse, Int64) -> Void)?

    /// Wraps the handlers of routes that are added from now on, including their refusals.
    package var wrap: ((Route, @escaping Handler) -> Handler)?

    package init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - path: such as `/v1/bookings/{id}`; a fixed segment takes precedence over a parameter in the same place.
    ///   - policy: who may call the route, and how its requests and responses are treated.
    ///   - taker: answers requests that need no task. `refusal` and `wrap` are bypassed: the caller of `take` has done
    ///     their work.
    ///   - handler: runs on the server's loop.
    package func add(
        _ method: HTTPMethod, _ path: String, _ policy: RoutePolicy = .authenticated, taker: Taker? = nil,
        _ handler: @escaping Handler
    ) {
        var node = root
        for segment in path.split(separator: "/") {
            if segment.hasPrefix("{") {
                let name = String(segment.dropFirst().dropLast())
                precondition(node.parameter?.name ?? name == name, "\(path): this place has another name already")
                let next = node.parameter?.node ?? Node()
                node.parameter = (name, next)
                node = next
            } else {
                let name = Array(segment.utf8)
                let known = node.fixed.first { $0.name == name }?.node
                let next = known ?? Node()
                if known == nil { node.fixed.append((name, next)) }
                node = next
            }
        }
        precondition(!node.routes.contains { $0.method == method }, "\(method.rawValue) \(path) is routed twice")
        let route = Route(index: routes.count, method: method, path: path, policy: policy)
        routes.append(route)
        let judged: Handler = { [unowned self] request in
            if let refused = refusal?(request, route) { return refused }
            return await handler(request)
        }
        handlers.append(wrap?(route, judged) ?? judged)
        takers.append(taker)
        node.routes.append((method, route))
        if route.parameterNames.isEmpty {
            let path = Array(path.utf8)
            plainRoutes[path.count % Self.plainRouteGroups].append(PlainRoute(method: method, path: path, route: route))
        }
    }

    /// Matches a request once; stores the result and the path's parameters in the request.
    package func match(_ request: HTTPRequest) {
        guard request.match == nil else { return }
        request.match = quickMatch(request) ?? find(request)
    }

    /// Matches a path that has no escape, no empty segment and no dot segment, and in which no parameter could also be
    /// a fixed segment; `nil` if the path needs the full search.
    private func quickMatch(_ request: HTTPRequest) -> Match? {
        unsafe request.withBytes { bytes in
            let path = request.pathRange
            guard path.count > 1 else { return nil }
            let whole = unsafe UnsafeBufferPointer(rebasing: bytes[path])
            if let route = unsafe plainRoute(whole, request.method) { return .route(route) }
            var node = root
            var parameters = 0
            var start = path.lowerBound + 1
            while start < path.upperBound {
                var end = start
                while end < path.upperBound, unsafe bytes[end] != UInt8(ascii: "/") {
                    if unsafe bytes[end] == UInt8(ascii: "%") { return nil }
                    end &+= 1
                }
                let segment = unsafe UnsafeBufferPointer(rebasing: bytes[start..<end])
                if let next = unsafe node.fixed(segment) {
                    node = next
                } else if let next = node.parameter?.node, !segment.isEmpty, unsafe segment[0] != UInt8(ascii: ".") {
                    switch parameters {
                    case 0: request.parameterRanges.first = start..<end
                    case 1: request.parameterRanges.second = start..<end
                    default: return nil
                    }
                    parameters += 1
                    node = next
                } else {
                    return nil
                }
                start = end + 1
                // A trailing slash.
                if start == path.upperBound, end < path.upperBound { return nil }
            }
            return node.route(request.method).map { .route($0) }
        }
    }

    /// The route without parameters that has this path, or `nil`.
    private func plainRoute(_ path: UnsafeBufferPointer<UInt8>, _ method: HTTPMethod) -> Route? {
        let method = method == .head ? .get : method
        return unsafe plainRoutes[path.count % Self.plainRouteGroups].withUnsafeBufferPointer { group in
            for index in group.indices
            where unsafe group[index].method == method && group[index].path.count == path.count {
                let isSame = unsafe group[index].path.withUnsafeBufferPointer { own in
                    guard let left = own.baseAddress, let right = path.baseAddress else { return true }
                    return unsafe memcmp(left, right, path.count) == 0
                }
                if isSame { return unsafe group[index].route }
            }
            return nil
        }
    }

    private func find(_ request: HTTPRequest) -> Match {
        if request.path == "*" { return .server }
        guard let segments = Self.segments(of: request.path) else { return .malformed }
        var parameters: [String: String] = [:]
        guard let node = find(segments[...], from: root, into: &parameters) else { return .unknown }
        request.decodedParameters = parameters
        if let route = node.route(request.method) { return .route(route) }
        return .otherMethod(allowed: Self.allowed(node))
    }

    /// Takes a request that is already matched: with its route's taker, else in a task for its handler. Does not call
    /// `onAnswer`: the caller observes the response.
    package func take(_ exchange: HTTPExchange) -> Bool {
        guard let route = exchange.request.route else { return false }
        if let taker = takers[route.index], taker(exchange) { return true }
        let handler = handlers[route.index]
        exchange.later { request in await handler(request) }
        return true
    }

    /// Whether a route can be answered without a task.
    package func hasTaker(_ route: Route) -> Bool { takers[route.index] != nil }

    /// Answers 404 `not-found`, 405 `method-not-allowed` with `Allow`, 400 for a malformed path, or with the route's
    /// handler. Matches the request if it is not matched yet.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        match(request)
        guard let match = request.match else { return missing(request) }
        guard let onAnswer else { return await answer(request, match) }
        let start = monotonicNanoseconds()
        let response = await answer(request, match)
        onAnswer(request, request.route, response, monotonicNanoseconds() - start)
        return response
    }

    private func answer(_ request: HTTPRequest, _ match: Match) async -> HTTPResponse {
        switch match {
        case .route(let route):
            return await handlers[route.index](request)
        case .server:
            return HTTPResponse(status: 204, headers: [("Allow", HTTPMethod.all)])
        case .otherMethod(let allowed) where request.method == .options:
            return HTTPResponse(status: 204, headers: [("Allow", allowed)])
        case .otherMethod(let allowed):
            return Problem(
                .methodNotAllowed, "This path has the methods \(allowed).", headers: [("Allow", allowed)]
            ).response()
        case .unknown:
            return missing(request)
        case .malformed:
            return Problem(.invalidRequest, "The path has a malformed escape or a dot segment.").response()
        }
    }

    /// The path's segments, percent-decoded after splitting, so that an encoded slash does not separate segments. One
    /// trailing slash is ignored.
    ///
    /// - Returns: `nil` for a malformed escape, and for dot segments (RFC 3986, section 5.2.4): a proxy that decides by
    ///   path might resolve them.
    private static func segments(of path: String) -> [Substring]? {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last?.isEmpty == true { segments.removeLast() }
        if path.utf8.contains(UInt8(ascii: "%")) {
            for index in segments.indices {
                guard let decoded = percentDecoded(segments[index], plusIsSpace: false) else { return nil }
                segments[index] = Substring(decoded)
            }
        }
        return segments.contains { $0 == "." || $0 == ".." } ? nil : Array(segments)
    }

    private static func allowed(_ node: Node) -> String {
        var names = Set(node.routes.map(\.method.rawValue))
        if names.contains("GET") { names.insert("HEAD") }
        names.insert("OPTIONS")
        return names.sorted().joined(separator: ", ")
    }

    private func find(
        _ segments: ArraySlice<Substring>, from node: Node, into parameters: inout [String: String]
    ) -> Node? {
        guard let first = segments.first else { return node.routes.isEmpty ? nil : node }
        let name = Array(first.utf8)
        let fixed = unsafe name.withUnsafeBufferPointer { unsafe node.fixed($0) }
        if let next = fixed, let found = find(segments.dropFirst(), from: next, into: &parameters) {
            return found
        }
        guard let (name, next) = node.parameter, !first.isEmpty,
            let found = find(segments.dropFirst(), from: next, into: &parameters)
        else { return nil }
        parameters[name] = String(first)
        return found
    }
}
