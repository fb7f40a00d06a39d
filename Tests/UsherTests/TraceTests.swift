import Foundation
import HTTP
import Loops
import Support
import Synchronization
import Testing

/// A minimal OpenTelemetry collector.
final class Collector: Sendable {
    let port: UInt16
    private let loop: EventLoop
    private let parts = Parts()

    // SAFETY of @unchecked: `server` is touched in its loop's isolation only.
    private final class Parts: @unchecked Sendable {
        var server: HTTPServer?
        let bodies = Mutex<[[UInt8]]>([])
    }

    private final class Handler: HTTPHandler {
        let parts: Parts
        init(_ parts: Parts) { self.parts = parts }

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            parts.bodies.withLock { $0.append(request.body) }
            return .json(200, Array("{}".utf8))
        }

        func permit(_ head: HTTPRequest) async -> BodyPermit { .upTo(16 << 20) }
    }

    init() async throws {
        let loop = try EventLoop(name: "collector")
        let parts = parts
        port = UInt16(
            try await loop.run { loop in
                let server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: Handler(parts))
                parts.server = server
                return try server.listen(host: "127.0.0.1", port: 0, reusePort: false)
            })
        self.loop = loop
    }

    /// Every span received so far, with its service's name.
    var spans: [(service: String, span: [String: Any])] {
        parts.bodies.withLock { $0 }.flatMap { body in
            let json = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
            return (json?["resourceSpans"] as? [[String: Any]] ?? []).flatMap { resource in
                let service = "\(resource["resource"] ?? "")".contains("usher-serve") ? "serve" : "reconcile"
                let scopes = resource["scopeSpans"] as? [[String: Any]] ?? []
                return scopes.flatMap { $0["spans"] as? [[String: Any]] ?? [] }.map { (service, $0) }
            }
        }
    }

    func stop() async {
        await loop.run { _ in
            await parts.server?.drain(within: .seconds(1))
            parts.server = nil
        }
        loop.stop()
    }
}

/// Traces of requests through API, Redis, outbox and reconciler, as received by a collector.
@Suite("Traces end to end", .serialized)
struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test("request, scripts and persisting are one trace below the caller's span; unsampled traces are not sent")
    func oneTrace() async throws {
        let collector = try await Collector()
        let cluster = try Cluster(
            copies: 1,
            environment: [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(collector.port)", "USHER_LOG": "info",
                "USHER_RATE_LIMIT": "600/10s",
            ])
        let event = try cluster.makeEvent(capacity: 10)
        let client = HTTPClient(port: cluster.ports[0])
        let user = bearer(try cluster.token("ann"))
        func book(_ traceparent: String, _ id: String, card: String = "4242424242424242") throws -> Int {
            try client.send(
                "POST", "/v1/bookings", headers: user + [("traceparent", traceparent), ("X-Request-Id", id)],
                body: """
                    {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],
                     "payment":{"cardNumber":"\(card)"}}
                    """
            ).status
        }
        let unsampled = "11111111111111111111111111111111"
        #expect(try book("00-\(unsampled)-00f067aa0ba902b7-00", "unsampled") == 201)
        #expect(try book("00-\(Self.trace)-00f067aa0ba902b7-01", "sampled") == 201)
        func mine() -> [(service: String, span: [String: Any])] {
            collector.spans.filter { $0.span["traceId"] as? String == Self.trace }
        }
        let wanted: Set = ["POST /v1/bookings", "redis claim", "redis begin_payment", "redis confirm", "persist"]
        let read = try client.send(
            "GET", "/v1/events/\(event.id)/availability",
            headers: [("traceparent", "00-22222222222222222222222222222222-00f067aa0ba902b7-01")])
        #expect(read.status == 200)
        // Requests without a token are rate-limited by address, and the first one calls Redis.
        try eventually("read-only scripts are in their request's trace too") {
            let names = collector.spans.filter {
                $0.span["traceId"] as? String == "22222222222222222222222222222222"
            }.compactMap { $0.span["name"] as? String }
            return Set(names).isSuperset(of: ["redis availability", "redis rate_limit"])
        }
        try eventually("all spans are there") { Set(mine().compactMap { $0.span["name"] as? String }) == wanted }
        let root = try #require(mine().first { $0.span["name"] as? String == "POST /v1/bookings" })
        #expect(root.service == "serve" && root.span["parentSpanId"] as? String == "00f067aa0ba902b7")
        let id = try #require(root.span["spanId"] as? String)
        for (service, span) in mine() where span["name"] as? String != "POST /v1/bookings" {
            #expect(span["parentSpanId"] as? String == id, "\(span)")
            #expect(service == (span["name"] as? String == "persist" ? "reconcile" : "serve"))
        }
        // The logs of both processes have the trace id.
        for name in ["serve-0", "reconcile"] {
            #expect(cluster.copy(name)?.output.contains("\"traceId\":\"\(Self.trace)\"") == true)
        }
        #expect(!collector.spans.contains { $0.span["traceId"] as? String == unsampled })
        // Both processes send their remaining spans and exit cleanly.
        #expect(cluster.stop("serve-0") == 0 && cluster.stop("reconcile") == 0)
        await collector.stop()
    }

    @Test("a call of the provider is in the trace of the paying request")
    func provider() async throws {
        let collector = try await Collector()
        let provider = try ProviderTests.Provider()
        let cluster = try Cluster(
            copies: 1,
            environment: [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(collector.port)",
                "USHER_PAYMENT_GATEWAY": provider.url,
            ])
        let event = try cluster.makeEvent(capacity: 10)
        let paid = try HTTPClient(port: cluster.ports[0]).send(
            "POST", "/v1/bookings",
            headers: bearer(try cluster.token("ann")) + [("traceparent", "00-\(Self.trace)-00f067aa0ba902b7-01")],
            body: """
                {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],
                 "payment":{"cardNumber":"4242424242424242"}}
                """)
        #expect(paid.status == 201)
        func span(_ name: String) -> [String: Any]? {
            collector.spans.first {
                $0.span["traceId"] as? String == Self.trace && $0.span["name"] as? String == name
            }?.span
        }
        try eventually("both spans are there") { span("provider charge") != nil && span("POST /v1/bookings") != nil }
        let charge = try #require(span("provider charge"))
        #expect(charge["parentSpanId"] as? String == span("POST /v1/bookings")?["spanId"] as? String)
        #expect("\(charge)".contains("http.response.status_code"))
        await collector.stop()
    }

    @Test("settlement is in the trace of the request that it settles, and works without a collector")
    func settles() async throws {
        let collector = try await Collector()
        let cluster = try Cluster(
            copies: 1, environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(collector.port)/"])
        let event = try cluster.makeEvent(capacity: 10)
        let paid = try HTTPClient(port: cluster.ports[0]).send(
            "POST", "/v1/bookings", headers: bearer(try cluster.token("ann")),
            body: """
                {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],
                 "payment":{"cardNumber":"4242424242424242"}}
                """)
        let id = try #require(paid.json["id"] as? String)
        let gone = try HTTPClient(port: cluster.ports[0]).send(
            "DELETE", "/v1/bookings/\(id)",
            headers: bearer(try cluster.token("ann")) + [
                ("traceparent", "00-\(Self.trace)-00f067aa0ba902b7-01"), ("X-Request-Id", "cancel-1"),
            ])
        #expect(gone.status == 200)
        try eventually("the refund is settled") {
            collector.spans.contains {
                $0.span["name"] as? String == "settle payment" && "\($0.span)".contains("refunded")
                    && "\($0.span)".contains(id) && $0.span["traceId"] as? String == Self.trace
            }
        }
        try eventually("its script and its persisting are in the same trace") {
            let names = collector.spans.filter {
                $0.span["traceId"] as? String == Self.trace && $0.service == "reconcile"
            }
            .compactMap { $0.span["name"] as? String }
            return names.contains("redis refunded") && names.count { $0 == "persist" } == 2
        }
        let lines = cluster.copy("reconcile")?.output.split(separator: "\n").filter { $0.contains("cancel-1") } ?? []
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains(Self.trace) }, "\(lines)")
        await collector.stop()
        #expect(try cluster.makeEvent(capacity: 1).id.isEmpty == false)
        let wrong = try Program(
            Cluster.binary, ["serve"],
            environment: [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318", "DATABASE_URL": cluster.postgres.url,
                "USHER_PARTITIONS": "8", "USHER_PAYMENT_GATEWAY": "simulated",
            ])
        #expect(wrong.readToEnd() == "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https address.\n")
    }
}
