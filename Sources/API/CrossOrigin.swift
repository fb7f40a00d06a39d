import HTTPServer

/// Lets pages of configured origins call (the Fetch standard, "CORS protocol").
final class CrossOrigin: HTTPHandler {
    private let origins: Set<String>
    private let next: any HTTPHandler

    private static let preflight: [(name: String, value: String)] = [
        ("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE"),
        (
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id, traceparent"
        ),
        // The longest that Chromium keeps it; the answer changes with a deployment only.
        ("Access-Control-Max-Age", "7200"),
    ]

    /// What a page may read beside the headers that it may always read.
    private static let exposed =
        "ETag, Idempotent-Replayed, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, "
        + "WWW-Authenticate, X-Event-Version, X-Request-Id"

    init(origins: [String], next: any HTTPHandler) {
        self.origins = Set(origins)
        self.next = next
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let origin = request.header("origin").flatMap { origins.contains($0) ? $0 : nil }
        var response: HTTPResponse
        if origin != nil, request.method == .options, request.header("access-control-request-method") != nil {
            response = HTTPResponse(status: 204, headers: Self.preflight)
        } else {
            response = await next.respond(to: request)
        }
        // Caches are to keep the answers to different origins apart.
        response.headers.append(("Vary", "Origin"))
        if let origin {
            response.headers.append(("Access-Control-Allow-Origin", origin))
            response.headers.append(("Access-Control-Expose-Headers", Self.exposed))
        }
        return response
    }

    func bodyLimit(_ method: HTTPMethod, _ path: String) -> Int? { next.bodyLimit(method, path) }
}
