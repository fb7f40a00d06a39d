import BundledDocuments
import HTTP
import Metrics

/// `/openapi.json`, `/docs` and `/metrics`: served as they are.
final class DocumentRoutes {
    /// All browsers support gzip; no other client needs these files.
    private static let gzip = [(name: "Content-Encoding", value: "gzip")]
    /// Swagger UI sets inline styles; scripts come from this server only.
    private static let policy = [
        (
            name: "Content-Security-Policy",
            value: "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    ]

    private static let openapi = StaticDocument(Documents.openapi, "application/json")
    private static let page = StaticDocument(Documents.docsPage, "text/html; charset=utf-8", policy)
    private static let files = [
        "start.js": StaticDocument(Documents.docsScript, "text/javascript; charset=utf-8"),
        "swagger-ui-bundle.js": StaticDocument(Documents.swaggerScript, "text/javascript; charset=utf-8", gzip),
        "swagger-ui.css": StaticDocument(Documents.swaggerStyle, "text/css; charset=utf-8", gzip),
        "LICENSE": StaticDocument(Documents.swaggerLicence, "text/plain; charset=utf-8"),
    ]

    /// - Parameter hasMetrics: whether `/metrics` is served here rather than on its own port.
    func add(to router: Router, hasMetrics: Bool) {
        router.add(.get, "/openapi.json", .document) { request in Self.openapi.answer(request) }
        router.add(.get, "/docs", .document) { request in Self.page.answer(request) }
        router.add(.get, "/docs/{file}", .document) { request in
            Self.files[request.parameters["file"] ?? ""]?.answer(request)
                ?? PageRoutes.missing(request)
        }
        guard hasMetrics else { return }
        router.add(.get, "/metrics", .health) { _ in
            HTTPResponse(
                status: 200, headers: [("Content-Type", Registry.mediaType)], body: Array(Registry.shared.text.utf8))
        }
    }
}
