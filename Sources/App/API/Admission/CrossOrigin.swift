import HTTP
import Text

/// Allows calls from pages of configured origins (the Fetch standard, "CORS protocol").
final class CrossOrigin {
    private let origins: Set<ExactText>

    private static let preflight: [(name: String, value: String)] = [
        ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("Access-Control-Allow-Headers", requestHeaders.joined(separator: ", ")),
        // The longest time that Chromium caches it; the answer changes only with a deployment.
        ("Access-Control-Max-Age", "7200"),
    ]

    /// Every request header that a route reads or a client library sends, beside those that are always allowed.
    private static let requestHeaders = [
        "Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
        "Last-Event-ID", "Prefer", "X-Admission", "X-API-Key", "X-On-Behalf-Of", "X-Queue-Ticket", "X-Request-Id",
        "traceparent", "tracestate",
    ]

    /// Response headers that a page may read, beside those that are always readable.
    private static let exposed = [
        "Allow", "Content-Disposition", "ETag", "Idempotent-Replayed", "Location", "Preference-Applied", "RateLimit",
        "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Complete", "X-Event-Version",
        "X-Request-Id",
    ].joined(separator: ", ")

    init(origins: [String]) { self.origins = Set(origins.map { ExactText($0) }) }

    /// The answer to a browser's preflight request; `nil` if the request is not one.
    func preflight(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .options, let origin = request.header("origin"), origins.contains(ExactText(origin)),
            request.header("access-control-request-method") != nil
        else { return nil }
        return HTTPResponse(status: 204, headers: Self.preflight)
    }

    /// Appends to an answer's headers those that let the calling page read it.
    ///
    /// - Parameter origin: the value of the request's header.
    func complete(_ lines: inout [UInt8], _ origin: String?) {
        // Caches must keep the answers to different origins apart.
        lines.append(contentsOf: "\r\nVary: Origin".utf8)
        // A configured origin contains nothing that could start another header.
        guard let origin, origins.contains(ExactText(origin)) else { return }
        lines.append(contentsOf: "\r\nAccess-Control-Allow-Origin: \(origin)".utf8)
        lines.append(contentsOf: Self.exposedLine)
    }

    private static let exposedLine = Array("\r\nAccess-Control-Expose-Headers: \(exposed)".utf8)
}
