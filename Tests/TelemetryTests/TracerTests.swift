import Foundation
import HTTP
import Loops
import Metrics
import Support
import Synchronization
import Telemetry
import Testing
import Tracing

@Suite("Traces")
struct TracerTests {
    private func span(_ name: String, sampled: Bool = true) -> Span {
        let context = TraceContext(
            traceID: "4bf92f3577b34da6a3ce929d0e0e4736", spanID: "00f067aa0ba902b7", isSampled: sampled)
        return Span(
            name, .server, context, parent: "00f067aa0ba902b8", lasting: 1_000_000,
            [("text", .text("a \"quote\"")), ("number", .number(7))], hasFailed: true)
    }

    @Test("nothing is recorded while the tracer is off or the trace is not sampled, and never more than fits")
    func bounds() {
        let tracer = Tracer()
        tracer.record(span("early"))
        #expect(tracer.take(atMost: 10).spans.isEmpty)
        tracer.start()
        tracer.record(span("unsampled", sampled: false))
        for index in 0..<(Tracer.limit + 3) { tracer.record(span("\(index)")) }
        let (first, dropped) = tracer.take(atMost: 2)
        #expect(first.map(\.name) == ["0", "1"] && dropped == 3)
        #expect(tracer.take(atMost: .max).spans.count == Tracer.limit - 2)
        #expect(tracer.take(atMost: .max).dropped == 0)
    }

    /// A trace collector.
    private final class Receiver: HTTPHandler {
        let bodies = Mutex<[[UInt8]]>([])
        let status: Int
        var types: [String] = []

        init(_ status: Int) { self.status = status }

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            types.append("\(request.path) \(request.header("content-type") ?? "") \(request.header("x-key") ?? "")")
            bodies.withLock { $0.append(request.body) }
            return .json(status, Array("{}".utf8))
        }

        func permit(_ head: HTTPRequest) async -> BodyPermit { .upTo(4 << 20) }
    }

    @Test("spans are sent as OTLP in JSON, in batches; a failing or absent collector loses spans but costs no time")
    func exports() async throws {
        let loop = try EventLoop(name: "collector")
        defer { loop.stop() }
        try await loop.run { loop in
            let receiver = Receiver(200)
            let server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: receiver)
            let port = try server.listen(host: "127.0.0.1", port: 0, reusePort: false)
            let tracer = Tracer()
            let exporter = TraceExporter(
                loop: loop,
                destination: TraceDestination(
                    url: "http://127.0.0.1:\(port)/v1/traces", headers: [("X-Key", "secret")], service: "usher-test"),
                tracer: tracer)
            for index in 0..<600 { tracer.record(span("span \(index)")) }
            await exporter.stop()
            let bodies = receiver.bodies.withLock { $0 }
            #expect(bodies.count == 2)
            #expect(receiver.types.allSatisfy { $0 == "/v1/traces application/json secret" })
            try check(bodies)

            let refusing = Receiver(503)
            let other = HTTPServer(loop: loop, limits: HTTPLimits(), handler: refusing)
            let otherPort = try other.listen(host: "127.0.0.1", port: 0, reusePort: false)
            for url in ["http://127.0.0.1:\(otherPort)/", "http://127.0.0.1:1/"] {
                let before = StoreMetrics.shared.spans["dropped"].value
                let lost = TraceExporter(
                    loop: loop, destination: TraceDestination(url: url, headers: [], service: "x"), tracer: tracer)
                tracer.record(span("lost"))
                await lost.stop()
                #expect(StoreMetrics.shared.spans["dropped"].value == before + 1)
            }
            await server.drain(within: .seconds(1))
            await other.drain(within: .seconds(1))
        }
    }

    private func check(_ bodies: [[UInt8]]) throws {
        var spans: [[String: Any]] = []
        for body in bodies {
            let json = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
            let resource = try #require((json["resourceSpans"] as? [[String: Any]])?.first)
            #expect("\(resource["resource"] ?? "")".contains("usher-test"))
            let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
            spans += try #require(scope["spans"] as? [[String: Any]])
        }
        #expect(spans.count == 600)
        let first = try #require(spans.first)
        #expect(first["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(first["spanId"] as? String == "00f067aa0ba902b7")
        #expect(first["parentSpanId"] as? String == "00f067aa0ba902b8")
        #expect(first["name"] as? String == "span 0" && first["kind"] as? Int == 2)
        #expect((first["status"] as? [String: Int]) == ["code": 2])
        let start = try #require((first["startTimeUnixNano"] as? String).flatMap { Int64($0) })
        let end = try #require((first["endTimeUnixNano"] as? String).flatMap { Int64($0) })
        #expect(end - start == 1_000_000)
        let attributes = try #require(first["attributes"] as? [[String: Any]])
        #expect(attributes.map { $0["key"] as? String } == ["text", "number"])
        #expect((attributes[0]["value"] as? [String: String]) == ["stringValue": "a \"quote\""])
        #expect((attributes[1]["value"] as? [String: String]) == ["intValue": "7"])
    }
}
