import Documents
import HTTPServer

/// `/` and `/ops`: the pages for people, and what they need. Nothing of them comes from elsewhere.
final class PageRoutes {
    /// Scripts, styles, images and answers are this server's own; nothing may be written into a page.
    static let policy = [
        (
            name: "Content-Security-Policy",
            value: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    ]
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    ]

    private static let files: [String: StaticDocument] = {
        var files: [String: StaticDocument] = [:]
        for (name, bytes) in Documents.web {
            let type = types[String(name.drop { $0 != "." }.dropFirst())] ?? "application/octet-stream"
            // A page of a newer copy must not meet scripts of an older one.
            let fresh = [(name: "Cache-Control", value: "no-cache")]
            files[name] = StaticDocument(bytes, type, fresh + (name.hasSuffix(".html") ? policy : []))
        }
        return files
    }()

    func add(to router: Router) {
        router.add(.get, "/", .document) { request in Self.file("index.html", request) }
        router.add(.get, "/ops", .document) { request in Self.file("ops.html", request) }
        router.add(.get, "/assets/{file}", .document) { request in
            let name = request.parameters["file"] ?? ""
            return Self.file(name.hasSuffix(".html") ? "" : name, request)
        }
    }

    private static func file(_ name: String, _ request: HTTPRequest) -> HTTPResponse {
        files[name]?.answer(request) ?? Problem(.notFound, "There is nothing at this path.").response()
    }
}
