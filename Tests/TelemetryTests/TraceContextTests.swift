import Testing
import Tracing

@Suite("Trace contexts")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test("the W3C's examples are parsed and rendered unchanged")
    func reads() throws {
        let context = try #require(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-01"))
        #expect(context.traceID == Self.trace && context.spanID == "00f067aa0ba902b7" && context.isSampled)
        #expect(context.traceparent == "00-\(Self.trace)-00f067aa0ba902b7-01")
        #expect(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-00")?.isSampled == false)
    }

    @Test(
        "malformed contexts are refused",
        arguments: [
            "", "00", "00-\(trace)-00f067aa0ba902b7", "01-\(trace)-00f067aa0ba902b7-01",
            "00-\(trace.uppercased())-00f067aa0ba902b7-01", "00-\(trace)-0000000000000000-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-\(trace)-00f067aa0ba902b7-01-more",
            "00-\(trace)-00f067aa0ba902bé-01",
        ])
    func refuses(_ text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test("a child has the same trace and its own id; a root has another trace")
    func derives() {
        let root = TraceContext.root()
        let child = root.child()
        #expect(child.traceID == root.traceID && child.spanID != root.spanID && child.isSampled)
        #expect(TraceContext.root().traceID != root.traceID)
        #expect(TraceContext(traceparent: child.traceparent) == child)
        #expect(TraceContext.hex(1) == "0000000000000001" && TraceContext.hex(.max) == "ffffffffffffffff")
    }
}
