import Cryptography
import HTTPServer

/// By what a request is known in logs and outbox records, here and in whatever called and is called.
struct RequestTrace {
    /// W3C Trace Context, section 3.2: the caller's when it is well-formed, else one made of the request's id.
    let traceparent: String

    /// What outbox records carry: the trace context and the request's id.
    let record: String

    init(_ request: HTTPRequest) {
        traceparent = Self.given(request) ?? Self.made(request.id)
        record = "\(traceparent),\(request.id)"
    }

    /// The trace's id.
    var traceID: Substring { traceparent.dropFirst(3).prefix(32) }

    private static func given(_ request: HTTPRequest) -> String? {
        guard let header = request.header("traceparent") else { return nil }
        let part = header.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard part.map(\.count) == [2, 32, 16, 2], header.hasPrefix("00-"),
            part.allSatisfy({ $0.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }),
            // Ids of zeros name nothing.
            !part[1].allSatisfy({ $0 == 48 }), !part[2].allSatisfy({ $0 == 48 })
        else { return nil }
        return header
    }

    /// A UUID's own digits, so that whoever has the one has the other; else of a digest. Not sampled.
    private static func made(_ id: String) -> String {
        let digits = id.utf8.filter { (48...57).contains($0) || (97...102).contains($0) }
        let isUUID = id.utf8.count == 36 && digits.count == 32 && digits.contains { $0 != 48 }
        let trace =
            isUUID ? String(decoding: digits, as: UTF8.self) : String(hexEncode(sha256(Array(id.utf8))).prefix(32))
        // The span is the request as a whole.
        let span = trace.suffix(16)
        return "00-\(trace)-\(span.allSatisfy { $0 == "0" } ? "0000000000000001" : span)-00"
    }
}

extension APIContext {
    /// What the outbox records of a request carry.
    func traceparent(_ request: HTTPRequest) -> String { RequestTrace(request).record }
}
