/// The trace and span of an operation (W3C Trace Context, version 00).
package struct TraceContext: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// The operation's own id: 16 lower-case hexadecimal digits, not all zero.
    package let spanID: String
    /// Two hexadecimal digits.
    package let flags: String

    /// A context with known ids.
    package init(traceID: String, spanID: String, isSampled: Bool) {
        (self.traceID, self.spanID, flags) = (traceID, spanID, isSampled ? "01" : "00")
    }

    /// Parses a `traceparent`; `nil` if it is malformed or of another version.
    package init?(traceparent: some StringProtocol) {
        guard Self.isWellFormed(traceparent) else { return nil }
        let part = traceparent.split(separator: "-")
        (traceID, spanID, flags) = (String(part[1]), String(part[2]), String(part[3]))
    }

    /// The trace id in a record that starts with a well-formed `traceparent`.
    package static func traceID(in record: some StringProtocol) -> String { String(record.dropFirst(3).prefix(32)) }

    /// Whether a `traceparent` is valid and of version 00.
    package static func isWellFormed(_ traceparent: some StringProtocol) -> Bool {
        var position = 0
        // Ids of all zeros are invalid.
        var (traceIsNamed, spanIsNamed) = (false, false)
        for byte in traceparent.utf8 {
            switch position {
            case 0, 1: guard byte == 48 else { return false }
            case 2, 35, 52: guard byte == UInt8(ascii: "-") else { return false }
            default:
                guard (48...57).contains(byte) || (97...102).contains(byte) else { return false }
                if byte != 48, position < 35 { traceIsNamed = true }
                if byte != 48, (36..<52).contains(position) { spanIsNamed = true }
            }
            position += 1
        }
        return position == 55 && traceIsNamed && spanIsNamed
    }

    /// A new trace.
    package static func root() -> TraceContext {
        TraceContext(
            traceID: hex(.random(in: 1 ... .max)) + hex(.random(in: 0 ... .max)), spanID: randomID, isSampled: true)
    }

    /// A new span of the same trace.
    package func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.randomID, isSampled: isSampled)
    }

    /// Whether the trace is recorded.
    package var isSampled: Bool { flags.utf8.last.map { $0 & 1 == 1 } ?? false }

    /// The form used in headers and outbox entries.
    package var traceparent: String { "00-\(traceID)-\(spanID)-\(flags)" }

    private static var randomID: String { hex(.random(in: 1 ... .max)) }

    /// 16 lower-case hexadecimal digits.
    package static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
