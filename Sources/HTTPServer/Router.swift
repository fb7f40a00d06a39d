import EventLoop
import Glibc

/// Finds the handler of a request by its path and method. Lives on one loop.
public final class Router: HTTPHandler {
    /// Answers one request.
    public typealias Handler = nonisolated(nonsending) (HTTPRequest) async -> HTTPResponse
    /// Takes a request that it can answer without a task; see `HTTPHandler.take`.
    public typealias Taker = (HTTPExchange) -> Bool

    /// What was added.
    public final class Route: Sendable {
        /// Counts from 0, in the order of adding.
        public let index: Int
        /// GET answers HEAD too.
        public let method: HTTPMethod
        /// With its parameters in braces.
        public let path: String
        /// What was said of it.
        public let policy: RoutePolicy
        /// The parameters' names, in the order of the path.
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

    /// What a request's path and method lead to.
    public enum Match: Sendable {
        /// A route.
        case route(Route)
        /// A path with routes, of which none has the method; the methods that it has, for `Allow`.
        case otherMethod(allowed: String)
        /// The server as a whole (RFC 9110, section 9.3.7).
        case server
        /// Nothing.
        case unknown
        /// A path with a malformed escape or a dot segment.
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
    /// By the paths' lengths, modulo their number: most requests' paths are found here.
    private var plainRoutes: [[PlainRoute]] = Array(repeating: [], count: plainRouteGroups)
    private static let plainRouteGroups = 32
    /// By the routes' indices.
    private var handlers: [Handler] = []
    /// By the routes' indices: of those that can do without a task.
    private var takers: [Taker?] = []
    /// All routes, in the order of adding.
    public private(set) var routes: [Route] = []
    /// Asked before a route's handler is: the answer for a request that may not call it, else `nil`.
    public var refusal: ((HTTPRequest, Route) -> HTTPResponse?)?
    /// Answers a request for a path without routes: 404 `not-found` unless it is set.
    public var missing: (HTTPRequest) -> HTTPResponse = { _ in Problem(.notFound, Router.missingDetail).response() }
    /// What a path without routes is answered.
    public static let missingDetail = "There is nothing at this path."
    /// Told every answer, the route that made it (`nil` when none did), and how long that took in nanoseconds.
    public var onAnswer: ((HTTPRequest, Route?, HTTPResponse, Int64) -> Void)?

    /// Puts something around the routes that are added from now on, their refusals included.
    public var wrap: ((Route, @escaping Handler) -> Handler)?

    /// A router without routes.
    public init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - path: `/v1/bookings/{id}`; a fixed segment is preferred to a parameter at its place.
    ///   - policy: who may call it, and how its requests and answers are treated.
    ///   - taker: answers what needs no task. Neither `refusal` nor `wrap` is asked: whoever takes a request has done so.
    ///   - handler: runs on the server's loop.
    public func add(
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

    /// Finds what a request leads to and notes it, and the path's parameters, on the request; once.
    public func match(_ request: HTTPRequest) {
        guard request.match == nil else { return }
        request.match = quickMatch(request) ?? find(request)
    }

    /// What a path leads to that has no escape, no empty segment and no dot segment, and of which no parameter could also be
    /// a fixed segment; `nil` when it is to be looked for with more care.
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
                // A slash at the end.
                if start == path.upperBound, end < path.upperBound { return nil }
            }
            return node.route(request.method).map { .route($0) }
        }
    }

    /// The route without parameters whose path this is; `nil` when there is none.
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

    /// Takes a request that was matched before: by its route's taker, else by a task for its handler. `onAnswer` is not
    /// told: whoever asks observes the answer.
    public func take(_ exchange: HTTPExchange) -> Bool {
        guard let route = exchange.request.route else { return false }
        if let taker = takers[route.index], taker(exchange) { return true }
        let handler = handlers[route.index]
        exchange.later { request in await handler(request) }
        return true
    }

    /// Whether a route can do without a task.
    public func hasTaker(_ route: Route) -> Bool { takers[route.index] != nil }

    /// Answers 404 `not-found`, 405 `method-not-allowed` with `Allow`, 400 for a path that is malformed, or what the
    /// route's handler answers. The request is matched here unless it was before.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
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

    /// The path's segments, percent-decoded after they were told apart, so that an encoded slash separates nothing.
    /// One slash at the end does not count.
    ///
    /// - Returns: `nil` for a malformed escape, and for dot segments (RFC 3986, section 5.2.4): whoever stands in front
    ///   of this server and decides by path might resolve them.
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
