import BundledDocuments
import HTTP
import JSON
import Support
import Testing

@testable import API

extension ContractTests {
    @Suite("Problems and their pages")
    struct ProblemTests {
        /// The document's codes, each with the titles of its examples.
        private static func documented() throws -> [String: [String]] {
            let components = try JSONReader.read(Documents.openapi)["components"]
            let codes = components?["schemas"]?["ProblemCode"]?["enum"]?.elements.compactMap(\.text) ?? []
            var titles = Dictionary(codes.map { ($0, [String]()) }) { first, _ in first }
            for name in components?["examples"]?.names ?? [] {
                let example = components?["examples"]?[name]?["value"]
                guard let code = example?["code"]?.text, let title = example?["title"]?.text else { continue }
                titles[code, default: []].append(title)
            }
            return titles
        }

        @Test("every code of the document has a page with advice, in plain text and in HTML")
        func pages() throws {
            let api = try TestAPI.current
            let documented = try Self.documented()
            #expect(documented.count > 40)
            for code in documented.keys.sorted() {
                let kind = try #require(ProblemCatalogue.kinds[code], "\(code) is not in the catalogue")
                let path = "/problems/\(code)"
                let text = try api.ask(Request("GET", path))
                #expect(text.status == 200 && text.headers["content-type"] == "text/plain; charset=utf-8", "\(code)")
                #expect(text.text.hasPrefix("\(kind.title)\n\n\(kind.advice)\n\n"), "\(code)")
                #expect(kind.advice.count > 60 && kind.advice.last == ".", "\(code)")
                let page = try api.ask(Request("GET", path).with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
                #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8", "\(code)")
                #expect(page.text.contains("<h1>\(kind.title)</h1>"), "\(code)")
                #expect(page.headers["vary"]?.contains("Accept") == true, "\(code)")
            }
        }

        @Test("titles depend only on the code, and only the codes that the contract names are retryable")
        func catalogue() throws {
            let titles = try Self.documented()
            let retryable: Set = [
                "held-by-others", "seats-unavailable", "sold-out", "no-adjacent-seats", "sales-not-open",
                "idempotency-in-progress",
            ]
            for kind in ProblemCatalogue.all {
                #expect(!kind.title.isEmpty && !Answer.reasonPhrases.contains(kind.title), "\(kind.code)")
                #expect((titles[kind.code] ?? []).allSatisfy { $0 == kind.title }, "\(kind.code)")
                let isRetryable = kind.status == 429 || kind.status == 503 || retryable.contains(kind.code)
                #expect(kind.isRetryable == isRetryable, "\(kind.code)")
            }
        }

        @Test("a page has the headers that protect browsers, answers HEAD, and has an ETag")
        func protection() throws {
            let api = try TestAPI.current
            let head = try api.ask(Request("HEAD", "/problems/sold-out").with("Accept", "text/html"))
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers["x-content-type-options"] == "nosniff" && head.headers["x-frame-options"] == "DENY")
            #expect(head.headers["content-security-policy"]?.hasPrefix("default-src 'none'; ") == true)
            let tag = try #require(head.headers["etag"])
            let again = Request("GET", "/problems/sold-out").with("Accept", "text/html").with("If-None-Match", tag)
            #expect(try api.ask(again).status == 304)
            let form = "text/plain;q=0.5, text/html;q=0.4"
            #expect(
                try api.ask(Request("GET", "/problems/sold-out").with("Accept", form)).headers["content-type"]
                    == "text/plain; charset=utf-8")
        }

        @Test("a problem's type leads to its page, and an unknown code has none")
        func type() throws {
            let api = try TestAPI.current
            let missing = try api.ask(Request("GET", "/problems/no-such-code"))
            missing.expectProblem(404, "not-found")
            let type = try #require(missing["type"]?.text)
            #expect(type == "/problems/not-found")
            #expect(try api.ask(Request("GET", type)).text.hasPrefix((missing["title"]?.text ?? "-") + "\n"))
            for path in ["/problems/SOLD-OUT", "/problems/", "/problems"] {
                try api.ask(Request("GET", path)).expectProblem(404, "not-found")
            }
        }
    }
}
