import Loops
import Testing

@testable import HTTP

@Suite("Router")
struct RouterTests {
    /// Permits bodies according to the router's policies.
    private final class Handler: HTTPHandler {
        private let router: Router
        init(_ router: Router) { self.router = router }
        func respond(to request: HTTPRequest) async -> HTTPResponse { await router.respond(to: request) }
        func permit(_ head: HTTPRequest) async -> BodyPermit {
            router.match(head)
            return .upTo(head.policy.bodyBytes ?? 0)
        }
    }

    private static func router() -> any HTTPHandler {
        let router = Router()
        func add(_ method: HTTPMethod, _ path: String, bodyBytes: Int? = nil) {
            router.add(method, path, RoutePolicy(bodyBytes: bodyBytes)) { request in
                let names = request.parameters.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
                return HTTPResponse(status: 200, body: Array("\(path) \(names) \(request.body.count)".utf8))
            }
        }
        add(.get, "/")
        add(.get, "/v1/events")
        add(.post, "/v1/events")
        add(.get, "/v1/events/{id}")
        add(.get, "/v1/events/mine/seats")
        add(.delete, "/v1/events/{id}/blocks/{block}")
        add(.post, "/v1/venues", bodyBytes: 4 * 1024 * 1024)
        return Handler(router)
    }

    @Test(
        "a path finds its route",
        arguments: [
            ("GET", "/", "/ [] 0"), ("GET", "/v1/events", "/v1/events [] 0"), ("GET", "/v1/events/", "/v1/events [] 0"),
            ("GET", "/v1/events?a=/b", "/v1/events [] 0"), ("GET", "/v1/events/7", #"/v1/events/{id} ["id=7"] 0"#),
            ("GET", "/v1/events/a%2Fb%20c", #"/v1/events/{id} ["id=a/b c"] 0"#),
            ("GET", "/v1/events/a+b", #"/v1/events/{id} ["id=a+b"] 0"#),
            ("GET", "/v1/events/mine", #"/v1/events/{id} ["id=mine"] 0"#),
            ("GET", "/%76%31/events", "/v1/events [] 0"),
            ("GET", "/v1/events/mine/seats", "/v1/events/mine/seats [] 0"),
            ("DELETE", "/v1/events/7/blocks/%C3%A9", #"/v1/events/{id}/blocks/{block} ["block=é", "id=7"] 0"#),
        ])
    func found(_ method: String, _ target: String, _ expected: String) async throws {
        try await TestServer.run({ _ in Self.router() }) { server in
            let answer = try server.ask("\(method) \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.text == expected)
        }
    }

    @Test(
        "an unknown or malformed path gets a problem, and the connection stays open",
        arguments: [
            ("/nothing", 404, "not-found"), ("/v1", 404, "not-found"), ("/v1/events//", 404, "not-found"),
            ("//", 404, "not-found"), ("//v1/events", 404, "not-found"), ("/v1/events/7/x", 404, "not-found"),
            ("/V1/events", 404, "not-found"), ("/v1/events/%", 400, "invalid-request"),
            ("/v1/events/%4", 400, "invalid-request"), ("/v1/events/%zz", 400, "invalid-request"),
            ("/v1/events/%00", 400, "invalid-request"), ("/v1/events/%ff", 400, "invalid-request"),
            ("/v1/events/%C0%AF", 400, "invalid-request"), ("/v1/events/..", 400, "invalid-request"),
            ("/v1/./events", 400, "invalid-request"), ("/v1/%2e%2E/events", 400, "invalid-request"),
        ])
    func notFound(_ target: String, _ status: Int, _ code: String) async throws {
        try await TestServer.run({ _ in Self.router() }) { server in
            let client = try server.client()
            for _ in 0..<2 {
                try client.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = try client.answer()
                #expect(answer.status == status)
                #expect(answer.problemCode == code)
                #expect(!answer.closes)
            }
        }
    }

    @Test("an unsupported method gets 405 with Allow, and OPTIONS and HEAD are supported everywhere")
    func methods() async throws {
        try await TestServer.run({ _ in Self.router() }) { server in
            let refused = try server.ask("PUT /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(refused.status == 405)
            #expect(refused.problemCode == "method-not-allowed")
            #expect(refused["allow"] == "GET, HEAD, OPTIONS, POST")
            let options = try server.ask("OPTIONS /v1/venues HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(options.status == 204)
            #expect(options["allow"] == "OPTIONS, POST")
            let all = try server.ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(all["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
            let client = try server.client()
            try client.send("HEAD /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try client.answer(isHead: true)
            #expect(head.status == 200)
            #expect(head["content-length"] == "15")
        }
    }

    @Test("a route with a longer maximum body accepts it up to that limit")
    func bodyLimit() async throws {
        try await TestServer.run({ _ in Self.router() }) { server in
            let limit = 4 * 1024 * 1024
            func request(_ path: String, _ count: Int) -> String {
                "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(count)\r\n\r\n"
                    + String(repeating: "x", count: count)
            }
            let taken = try server.ask(request("/v1/venues", limit))
            #expect(taken.text == "/v1/venues [] \(limit)")
            let half = String(limit / 2, radix: 16) + "\r\n" + String(repeating: "x", count: limit / 2) + "\r\n"
            let chunked = try server.ask(
                "POST /v1/venues HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(half)\(half)0\r\n\r\n")
            #expect(chunked.text == "/v1/venues [] \(limit)")
            for (path, count) in [
                ("/v1/venues", limit + 1), ("/v1/events", 65_537), ("/nothing", 65_537), ("/v1/%zz", 65_537),
            ] {
                let client = try server.client()
                client.trySend(Array(request(path, count).utf8))
                let answer = try client.answer()
                #expect(answer.status == 413)
            }
        }
    }

    @Test(
        "query fields are decoded, in order",
        arguments: [
            ("", "[]"), ("a=1&b=2&a=3", "a=1 b=2 a=3"), ("a", "a="), ("a=b=c", "a=b=c"), ("a=%26+%3D", "a=& ="),
            ("&&a=1&", "a=1"), ("=1", "=1"), ("a=%", "nil"), ("a=%0", "nil"), ("a=%00", "nil"), ("%ff=1", "nil"),
        ])
    func query(_ query: String, _ expected: String) {
        let head = Array("/p?\(query)".utf8)
        let request = HTTPRequest(
            method: .get, target: 0..<head.count, bytes: head, headers: [], peer: "test")
        let fields = request.queryFields().map { fields in
            fields.isEmpty ? "[]" : fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        }
        #expect(fields ?? "nil" == expected)
        #expect(request.path == "/p")
    }
}
