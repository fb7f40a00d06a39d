import BundledDocuments
import HTTP

/// `/` and `/ops`: the pages for people, and their files. All of it is served from here.
final class PageRoutes {
    /// Scripts, styles, images and requests are limited to this server; nothing inline runs.
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
            // A page of a newer replica must not load cached scripts of an older one.
            let fresh = [(name: "Cache-Control", value: "no-cache")]
            files[name] = StaticDocument(bytes, type, fresh + (name.hasSuffix(".html") ? policy : []))
        }
        return files
    }()

    /// The 404 page for people.
    private static let missingPage: [UInt8] = Documents.web["missing.html"] ?? []

    func add(to router: Router) {
        router.missing = { request in Self.missing(request) }
        router.add(.get, "/", .document) { request in Self.file("index.html", request) }
        router.add(.get, "/ops", .document) { request in Self.file("ops.html", request) }
        router.add(.get, "/assets/{file}", .document) { request in
            let name = request.parameters["file"] ?? ""
            return Self.file(name.hasSuffix(".html") ? "" : name, request)
        }
    }

    private static func file(_ name: String, _ request: HTTPRequest) -> HTTPResponse {
        files[name]?.answer(request) ?? missing(request)
    }

    /// 404: a page for a browser, a problem for all other clients. Under the API's own paths it is always a problem,
    /// since some HTTP clients accept HTML without wanting it.
    static func missing(_ request: HTTPRequest, _ detail: String = Router.missingDetail) -> HTTPResponse {
        let isAPI = request.path.hasPrefix("/v1/") || request.path.hasPrefix("/api/")
        let isRead = request.method == .get || request.method == .head
        guard isRead, !isAPI, AcceptedMedia(request).prefers("text", "html") else {
            return Problem(.notFound, detail, headers: [("Vary", "Accept")]).response()
        }
        let headers = [("Content-Type", types["html"] ?? ""), ("Cache-Control", "no-cache"), ("Vary", "Accept")]
        return HTTPResponse(status: 404, headers: headers + policy, body: missingPage)
    }
}
