/// Finds the handler of a request by its path and method. Lives on one loop.
public final class Router: HTTPHandler {
    /// Answers one request.
    public typealias Handler = nonisolated(nonsending) (HTTPRequest) async -> HTTPResponse

    private final class Node {
        var fixed: [Substring: Node] = [:]
        var parameter: (name: String, node: Node)?
        var handlers: [HTTPMethod: Handler] = [:]
    }

    private let root = Node()

    /// A router without routes.
    public init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - path: `/v1/bookings/{id}`; a fixed segment is preferred to a parameter at its place.
    ///   - handler: runs on the server's loop.
    public func add(_ method: HTTPMethod, _ path: String, _ handler: @escaping Handler) {
        var node = root
        for segment in path.split(separator: "/") {
            if segment.hasPrefix("{") {
                let name = String(segment.dropFirst().dropLast())
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
        node.handlers[method] = handler
    }

    /// Answers 404 `not-found`, 405 `method-not-allowed` with `Allow`, or what the route's handler answers.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        var request = request
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: true)
        guard let node = find(segments[...], from: root, into: &request.parameters) else {
            return Problem(404, "not-found", "There is nothing at this path.").response()
        }
        if let method = request.method, let handler = node.handlers[method == .head ? .get : method] {
            return await handler(request)
        }
        let allowed = Self.allowed(node)
        if request.method == .options { return HTTPResponse(status: 204, headers: [("Allow", allowed)]) }
        return Problem(
            405, "method-not-allowed", "This path knows \(allowed).", headers: [("Allow", allowed)]
        ).response()
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
        guard let (name, next) = node.parameter, let value = percentDecoded(first, plusIsSpace: false),
            let found = find(segments.dropFirst(), from: next, into: &parameters)
        else { return nil }
        parameters[name] = value
        return found
    }
}
