import JSON
import Support
import Testing

extension ContractTests {
    @Suite("The pages")
    struct PageTests {
        @Test("pages load everything from this server, and allow nothing else", arguments: ["/", "/ops"])
        func whole(path: String) throws {
            let api = try TestAPI.current
            let page = try api.ask(Request("GET", path))
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'; "))
            #expect(!policy.contains("unsafe"))
            #expect(!page.text.contains("://"), "loads from elsewhere")
            #expect(page.text.firstMatch(of: /<script(?![^>]*src=)|\son\w+=|\sstyle=/) == nil, "inline")
            var links = page.text.matches(of: /(?:src|href)="(\/assets\/[^"]+)"/).map { String($0.1) }
            #expect(links.count >= 3)
            var seen: Set<String> = []
            while let link = links.popLast() {
                guard seen.insert(link).inserted else { continue }
                let file = try api.ask(Request("GET", link))
                #expect(file.status == 200 && file.headers["cache-control"] == "no-cache", "\(link)")
                links += file.text.matches(of: /from "\.\/([^"]+)"/).map { "/assets/\($0.1)" }
                #expect(file.text.matches(of: /https?:\/\/(?!www\.w3\.org)/).isEmpty, "\(link): loads from elsewhere")
            }
            #expect(seen.count >= 6)
        }

        @Test("a cached page keeps its policy", arguments: ["/", "/ops", "/docs"])
        func kept(path: String) throws {
            let api = try TestAPI.current
            let page = try api.ask(Request("GET", path))
            let again = try api.ask(Request("GET", path).with("If-None-Match", page.headers["etag"] ?? ""))
            #expect(again.status == 304 && again.headers["content-type"] == nil)
            #expect(again.headers["content-security-policy"] == page.headers["content-security-policy"])
        }

        /// The `Accept` header of browsers.
        private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

        @Test("pages are not assets, and other paths are missing")
        func others() throws {
            let api = try TestAPI.current
            for path in ["/assets/index.html", "/assets/missing.html", "/assets/nothing", "/assets", "/missing.html"] {
                try api.ask(Request("GET", path)).expectProblem(404, "not-found")
            }
        }

        @Test(
            "a browser gets a page for a 404",
            arguments: ["/nothing", "/docs/nothing", "/assets/nothing", "/problems/nothing"]
        )
        func missing(path: String) throws {
            let api = try TestAPI.current
            let page = try api.ask(Request("GET", path).with("Accept", Self.browser))
            #expect(page.status == 404 && page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("There is no page at this address."))
            #expect(page.headers["vary"]?.contains("Accept") == true)
            #expect(
                page.headers["content-security-policy"]?.hasPrefix("default-src 'none'; script-src 'self'; ") == true)
            #expect(page.headers["cache-control"] == "no-cache")
        }

        @Test("clients of the API get a problem, whatever they accept")
        func missingForClients() throws {
            let api = try TestAPI.current
            for path in ["/v1/nothing", "/api/nothing"] {
                try api.ask(Request("GET", path).with("Accept", Self.browser)).expectProblem(404, "not-found")
            }
            for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/*;q=0.1, */*"] {
                let answer = try api.ask(Request("GET", "/nothing").with("Accept", accept))
                answer.expectProblem(404, "not-found")
                #expect(answer.headers["vary"]?.contains("Accept") == true, "\(accept)")
            }
            try api.ask(Request("POST", "/nothing").with("Accept", Self.browser)).expectProblem(404, "not-found")
        }

        @Test("the simulated provider is public; outside of a demonstration no passwords are shown")
        func noDemonstration() throws {
            let api = try TestAPI.current
            let answer = try api.ask(Request("GET", "/v1/demo"))
            #expect(answer.status == 200)
            #expect(answer.text == "{\"paymentProvider\":\"simulated\",\"users\":[],\"cards\":[]}")
        }

        @Test("an administrator sees claims, the outbox and the events' availability")
        func overview() async throws {
            let api = try TestAPI.current
            let event = try api.event()
            let path = "/v1/admin/overview"
            let before = try api.ask(Request("GET", path).by(TestAPI.admin))["claims"]?["held"]?.integer ?? 0
            #expect(try api.claim(event, 2, by: TestAPI.newUser(), card: Card.good).status == 201)
            let answer = try await api.until(
                { $0["outbox"]?["entries"]?.integer == 0 }, Request("GET", path).by(TestAPI.admin))
            #expect(answer.status == 200 && answer["outbox"]?["oldestMs"]?.integer == 0)
            #expect((answer["claims"]?["held"]?.integer ?? 0) > before)
            let counts = try #require(answer["events"]?[0]?["counts"])
            let parts = ["available", "held", "sold", "blocked"].compactMap { counts[$0]?.integer }
            #expect(parts.reduce(0, +) == counts["capacity"]?.integer)
            try api.ask(Request("GET", path)).expectProblem(401, "unauthorized")
            try api.ask(Request("GET", path).by(TestAPI.newUser())).expectProblem(403, "forbidden")
            try api.ask(Request("GET", path + "?x=1").by(TestAPI.admin)).expectProblem(400, "invalid-request")
        }
    }
}
