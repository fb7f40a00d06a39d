import BoxOffice
import Cryptography
import HTTP
import Text
import Tracing

/// A request's trace context, shared by logs, outbox records, callers and called services.
struct RequestTrace {
    /// W3C Trace Context, section 3.2: the caller's if it is well-formed, otherwise one made of the request's id. If
    /// traces are exported, its span is the request's own.
    let traceparent: String
    /// The caller's span, if it has one and traces are exported.
    let parent: String?

    init(_ request: HTTPRequest) {
        let given = request.header("traceparent").flatMap { TraceContext.isWellFormed($0) ? $0 : nil }
        let trace = given ?? Self.made(request.id)
        guard Tracer.shared.isOn, let context = TraceContext(traceparent: trace) else {
            (traceparent, parent) = (trace, nil)
            return
        }
        // The same on every call for a request, and different for each request, whatever ids the clients send.
        var hasher = Hasher()
        hasher.combine(request.id)
        hasher.combine(request.arrival)
        let span = TraceContext.hex(UInt64(bitPattern: Int64(hasher.finalize())) | 1)
        let own = TraceContext(
            traceID: context.traceID, spanID: span, isSampled: given == nil || context.isSampled)
        (traceparent, parent) = (own.traceparent, given == nil ? nil : context.spanID)
    }

    /// The trace's id.
    var traceID: String { TraceContext.traceID(in: traceparent) }

    /// The value for outbox records: the trace context and the request's id.
    static func record(_ request: HTTPRequest) -> String { "\(RequestTrace(request).traceparent),\(request.id)" }

    /// The record of a request whose id this server chose and that has no trace of the caller's: made of the id's two
    /// words.
    static func usualRecord(_ request: HTTPRequest) -> String? {
        guard !Tracer.shared.isOn, let id = request.chosenID, !request.has("traceparent") else { return nil }
        let text = HexText(high: id.high, low: id.low)
        return String(unsafeUninitializedCapacity: recordLength) { buffer in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            bytes.copyBytes(from: "00-".utf8)
            text.writeDigits(to: UnsafeMutableRawBufferPointer(rebasing: bytes[3..<35]))
            bytes[35] = UInt8(ascii: "-")
            // The span is the request as a whole. It is never all zeros, since it contains the UUID's variant bit.
            for index in 36..<52 { bytes[index] = bytes[index - 17] }
            for (index, byte) in zip(52..<56, "-00,".utf8) { bytes[index] = byte }
            text.writeUUID(to: UnsafeMutableRawBufferPointer(rebasing: bytes[56..<92]))
            return recordLength
        }
    }

    /// A `traceparent`, a comma and a UUID.
    private static let recordLength = 92

    /// A trace made of a UUID's own digits, so that either can be found from the other; for other ids, of a digest. Not
    /// sampled.
    private static func made(_ id: String) -> String {
        let trace = madeID(id)
        // The span is the request as a whole.
        let span = trace.suffix(16)
        return "00-\(trace)-\(span.utf8.allSatisfy { $0 == 48 } ? "0000000000000001" : span)-00"
    }

    private static func madeID(_ id: String) -> String {
        if let uuid = UUIDBytes(id), uuid != UUIDBytes(high: 0, low: 0) { return uuid.digits }
        return ShortDigest(of: Array(id.utf8)).hex
    }

    /// Records the request's span.
    static func note(_ request: HTTPRequest, _ route: Router.Route?, _ response: HTTPResponse, nanoseconds: Int64) {
        guard Tracer.shared.isOn else { return }
        let trace = RequestTrace(request)
        guard let context = TraceContext(traceparent: trace.traceparent), context.isSampled else { return }
        let path = route?.path ?? "unmatched"
        Tracer.shared.record(
            Span(
                "\(request.method.rawValue) \(path)", .server, context, parent: trace.parent,
                lasting: nanoseconds,
                [
                    ("http.request.method", .text(request.method.rawValue)), ("http.route", .text(path)),
                    ("http.response.status_code", .number(Int64(response.status))),
                    ("usher.request_id", .text(request.id)),
                ], hasFailed: response.status >= 500))
    }
}

extension APIContext {
    /// The value for the outbox records of a request.
    func traceparent(_ request: HTTPRequest) -> String {
        RequestTrace.usualRecord(request) ?? RequestTrace.record(request)
    }
}
