import EventLoop

/// Finds the handler of a request by its path and method. Lives on one loop.
public final class Router: HTTPHandler {
    /// Answers one request.
    public typealias Handler = nonisolated(nonsending) (HTTPRequest) async -> HTTPResponse

    /// What was added.
    public struct Route: Sendable, Hashable {
        /// Counts from 0, in the order of adding.
        public let index: Int
        /// GET answers HEAD too.
        public let method: HTTPMethod
        /// With its parameters in braces.
        public let path: String
    }

    private final class Node {
        var fixed: [Substring: Node] = [:]
        var parameter: (name: String, node: Node)?
        var handlers: [HTTPMethod: (route: Route, handle: Handler)] = [:]
        var bodyLimits: [HTTPMethod: Int] = [:]
    }

    private let root = Node()
    /// All routes, in the order of adding.
    public private(set) var routes: [Route] = []
    /// Told every answer, the route that made it (`nil` when none did), and how long that took in nanoseconds.
    public var onAnswer: ((HTTPRequest, Route?, HTTPResponse, Int64) -> Void)?

    /// A router without routes.
    public init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - path: `/v1/bookings/{id}`; a fixed segment is preferred to a parameter at its place.
    ///   - bodyBytes: how long its body may be, when that is more than the server's limit.
    ///   - handler: runs on the server's loop.
    public func add(
        _ method: HTTPMethod, _ path: String, bodyBytes: Int? = nil, _ handler: @escaping Handler
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
                let next = node.fixed[segment] ?? Node()
                node.fixed[segment] = next
                node = next
            }
        }
        precondition(node.handlers[method] == nil, "\(method.rawValue) \(path) is routed twice")
        let route = Route(index: routes.count, method: method, path: path)
        routes.append(route)
        node.handlers[method] = (route, handler)
        node.bodyLimits[method] = bodyBytes
    }

    /// What the route was added with.
    public func bodyLimit(_ method: HTTPMethod, _ path: String) -> Int? {
        var parameters: [String: String] = [:]
        guard let segments = Self.segments(of: path) else { return nil }
        return find(segments[...], from: root, into: &parameters)?.bodyLimits[method]
    }

    /// Answers 404 `not-found`, 405 `method-not-allowed` with `Allow`, 400 for a path that is malformed, or what the
    /// route's handler answers.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard let onAnswer else { return await answer(request).response }
        let start = monotonicNanoseconds()
        let (response, route) = await answer(request)
        onAnswer(request, route, response, monotonicNanoseconds() - start)
        return response
    }

    private func answer(_ request: HTTPRequest) async -> (response: HTTPResponse, route: Route?) {
        // OPTIONS of the server as a whole (RFC 9110, section 9.3.7).
        if request.path == "*" { return (HTTPResponse(status: 204, headers: [("Allow", HTTPMethod.all)]), nil) }
        guard let segments = Self.segments(of: request.path) else {
            return (
                Problem(400, "invalid-request", "The path has a malformed escape or a dot segment.").response(), nil
            )
        }
        var request = request
        guard let node = find(segments[...], from: root, into: &request.parameters) else {
            return (Problem(404, "not-found", "There is nothing at this path.").response(), nil)
        }
        if let (route, handle) = node.handlers[request.method == .head ? .get : request.method] {
            return (await handle(request), route)
        }
        let allowed = Self.allowed(node)
        if request.method == .options { return (HTTPResponse(status: 204, headers: [("Allow", allowed)]), nil) }
        let problem = Problem(
            405, "method-not-allowed", "This path knows \(allowed).", headers: [("Allow", allowed)])
        return (problem.response(), nil)
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
        var names = Set(node.handlers.keys.map(\.rawValue))
        if names.contains("GET") { names.insert("HEAD") }
        names.insert("OPTIONS")
        return names.sorted().joined(separator: ", ")
    }

    private func find(
        _ segments: ArraySlice<Substring>, from node: Node, into parameters: inout [String: String]
    ) -> Node? {
        guard let first = segments.first else { return node.handlers.isEmpty ? nil : node }
        if let next = node.fixed[first], let found = find(segments.dropFirst(), from: next, into: &parameters) {
            return found
        }
        guard let (name, next) = node.parameter, !first.isEmpty,
            let found = find(segments.dropFirst(), from: next, into: &parameters)
        else { return nil }
        parameters[name] = String(first)
        return found
    }
}
