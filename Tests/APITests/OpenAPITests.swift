import API
import BundledDocuments
import Foundation
import JSON
import Loops
import Support
import Testing

/// `openapi.yaml` against the server, both ways.
extension ContractTests {
    @Suite("The document")
    struct OpenAPITests {
        @Test("router and document know the same routes")
        func routes() async throws {
            let api = try TestAPI.current
            let routed = Set(await api.routes())
            let documented = Set(try Contract.shared.operations.keys)
            #expect(routed.subtracting(documented) == [], "routed, but not documented")
            #expect(documented.subtracting(routed) == [], "documented, but not routed")
        }

        @Test("the document is served as bundled, with an ETag")
        func served() throws {
            let api = try TestAPI.current
            let document = try api.ask(Request("GET", "/openapi.json"))
            #expect(document.status == 200 && document.headers["content-type"] == "application/json")
            #expect(document.body == Documents.openapi)
            #expect(document["openapi"]?.text == "3.1.0")
            let tag = try #require(document.headers["etag"])
            #expect(try api.ask(Request("GET", "/openapi.json").with("If-None-Match", tag)).status == 304)
        }

        @Test("the page that shows it loads nothing from elsewhere")
        func page() throws {
            let api = try TestAPI.current
            let page = try api.ask(Request("GET", "/docs"))
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.headers["content-security-policy"]?.contains("script-src 'self'") == true)
            let links = page.text.matches(of: /(?:src|href)="([^"]+)"/).map { String($0.1) }
            #expect(links.contains("/docs/swagger-ui-bundle.js"))
            for link in links where !link.hasPrefix("data:") {
                #expect(link.hasPrefix("/"), "\(link)")
                #expect(try api.ask(Request("GET", link)).status == 200, "\(link)")
            }
            let script = try api.ask(Request("GET", "/docs/swagger-ui-bundle.js"))
            #expect(script.headers["content-encoding"] == "gzip" && script.body.prefix(2) == [0x1f, 0x8b])
            #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(try api.ask(Request("GET", "/docs/LICENSE")).text.contains("Apache License"))
            try api.ask(Request("GET", "/docs/nothing")).expectProblem(404, "not-found")
        }

        @Test("every answer has the headers that protect browsers, refusals included")
        func protection() throws {
            let api = try TestAPI.current
            let refused = Request("GET", "/v1/events").with("Content-Length", "x")
            for request in [Request("GET", "/v1/events"), Request("GET", "/nowhere"), refused] {
                let answer = try api.ask(request)
                #expect(answer.headers["x-content-type-options"] == "nosniff")
                #expect(answer.headers["x-frame-options"] == "DENY")
                #expect(answer.headers["referrer-policy"] == "no-referrer")
                #expect(answer.headers["cross-origin-resource-policy"] == "same-origin")
                #expect(
                    answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'")
            }
        }
    }
}
