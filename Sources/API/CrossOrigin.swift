import HTTPServer
import Text

/// Lets pages of configured origins call (the Fetch standard, "CORS protocol").
final class CrossOrigin {
    private let origins: Set<ExactText>

    private static let preflight: [(name: String, value: String)] = [
        ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("Access-Control-Allow-Headers", requestHeaders.joined(separator: ", ")),
        // The longest that Chromium keeps it; the answer changes with a deployment only.
        ("Access-Control-Max-Age", "7200"),
    ]

    /// Every header that a route or a client library reads or sends, beside those that pages may always send.
    private static let requestHeaders = [
        "Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
        "Last-Event-ID", "Prefer", "X-Admission", "X-API-Key", "X-On-Behalf-Of", "X-Queue-Ticket", "X-Request-Id",
        "traceparent", "tracestate",
    ]

    /// What a page may read beside the headers that it may always read.
    private static let exposed = [
        "Allow", "Content-Disposition", "ETag", "Idempotent-Replayed", "Location", "Preference-Applied", "RateLimit",
        "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Complete", "X-Event-Version",
        "X-Request-Id",
    ].joined(separator: ", ")

    init(origins: [String]) { self.origins = Set(origins.map { ExactText($0) }) }

    /// The answer to a browser that asks whether a page may send a request; `nil` when this is no such question.
    func preflight(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == .options, let origin = request.header("origin"), origins.contains(ExactText(origin)),
            request.header("access-control-request-method") != nil
        else { return nil }
        return HTTPResponse(status: 204, headers: Self.preflight)
    }

    /// Appends to an answer's headers what lets the page that asked read it.
    ///
    /// - Parameter origin: as the request has it.
    func complete(_ lines: inout [UInt8], _ origin: String?) {
        // Caches are to keep the answers to different origins apart.
        lines.append(contentsOf: "\r\nVary: Origin".utf8)
        // One of those that are configured has nothing in it that could begin another header.
        guard let origin, origins.contains(ExactText(origin)) else { return }
        lines.append(contentsOf: "\r\nAccess-Control-Allow-Origin: \(origin)".utf8)
        lines.append(contentsOf: Self.exposedLine)
    }

    private static let exposedLine = Array("\r\nAccess-Control-Expose-Headers: \(exposed)".utf8)
}
