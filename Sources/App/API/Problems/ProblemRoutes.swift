import HTTP

/// `/problems/{code}`: explains an error and what to do about it, for people who open its `type`.
final class ProblemRoutes {
    private struct Page {
        let html: StaticDocument
        let text: StaticDocument

        init(_ kind: ProblemKind) {
            // One address, two media types.
            let headers = [(name: "Vary", value: "Accept"), (name: "Cache-Control", value: "no-cache")]
            html = StaticDocument(
                Array(ProblemRoutes.html(kind).utf8), "text/html; charset=utf-8", headers + PageRoutes.policy)
            text = StaticDocument(Array(ProblemRoutes.text(kind).utf8), "text/plain; charset=utf-8", headers)
        }
    }

    private static let pages = ProblemCatalogue.kinds.mapValues(Page.init)

    func add(to router: Router) {
        router.add(.get, "/problems/{code}", .document) { request in
            guard let page = Self.pages[request.parameters["code"] ?? ""] else {
                return PageRoutes.missing(request, "No problem has this code.")
            }
            return (Self.prefersHTML(request) ? page.html : page.text).answer(request)
        }
    }

    private static func facts(_ kind: ProblemKind) -> String {
        "Status \(kind.status), code \(kind.code). "
            + (kind.isRetryable
                ? "The same request may succeed later."
                : "The same request will not succeed as long as nothing changes.")
    }

    private static func text(_ kind: ProblemKind) -> String {
        "\(kind.title)\n\n\(kind.advice)\n\n\(facts(kind))\n"
    }

    private static func html(_ kind: ProblemKind) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(escaped(kind.title)) – Usher</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/style.css">
        </head>
        <body>
        <header class="top"><div class="wide bar"><a class="brand" href="/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M16 3c6.6 0 12 5.4 12 12v13h-7V15a5 5 0 0 0-10 0v13H4V15C4 8.4 9.4 3 16 3Z"/>
        </svg>
        <span>Usher</span></a></div></header>
        <main class="wide">
        <h1>\(escaped(kind.title))</h1>
        <p>\(escaped(kind.advice))</p>
        <p class="hint">\(escaped(facts(kind)))</p>
        <p><a href="/docs">The contract</a> lists every call and its errors.</p>
        </main>
        <footer class="wide foot"><span><a href="/docs">API</a></span></footer>
        </body>
        </html>

        """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// Whether the client prefers HTML to plain text; text for a client that accepts both equally.
    private static func prefersHTML(_ request: HTTPRequest) -> Bool {
        let accepted = AcceptedMedia(request)
        return accepted.quality("text", "html") > accepted.quality("text", "plain")
    }
}
