/// Where a piece of work belongs (W3C Trace Context, version 00).
public struct TraceContext: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, not all zero.
    public let traceID: String
    /// Of the piece of work itself: 16 lower-case hexadecimal digits, not all zero.
    public let spanID: String
    /// Two hexadecimal digits.
    public let flags: String

    /// A context of known ids.
    public init(traceID: String, spanID: String, isSampled: Bool) {
        (self.traceID, self.spanID, flags) = (traceID, spanID, isSampled ? "01" : "00")
    }

    /// Reads a `traceparent`; `nil` for what is malformed or of another version.
    public init?(traceparent: some StringProtocol) {
        guard Self.isWellFormed(traceparent) else { return nil }
        let part = traceparent.split(separator: "-")
        (traceID, spanID, flags) = (String(part[1]), String(part[2]), String(part[3]))
    }

    /// Whether a `traceparent` is of version 00 and names something.
    public static func isWellFormed(_ traceparent: some StringProtocol) -> Bool {
        let part = traceparent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return part.map(\.count) == [2, 32, 16, 2] && traceparent.hasPrefix("00-")
            && part.allSatisfy({ $0.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } })
            // Ids of zeros name nothing.
            && !part[1].allSatisfy({ $0 == 48 }) && !part[2].allSatisfy({ $0 == 48 })
    }

    /// A trace of its own.
    public static func root() -> TraceContext {
        TraceContext(
            traceID: hex(.random(in: 1 ... .max)) + hex(.random(in: 0 ... .max)), spanID: randomID, isSampled: true)
    }

    /// Another piece of work of the same trace.
    public func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.randomID, isSampled: isSampled)
    }

    /// Whether it is to be recorded.
    public var isSampled: Bool { flags.utf8.last.map { $0 & 1 == 1 } ?? false }

    /// As headers and outbox entries have it.
    public var traceparent: String { "00-\(traceID)-\(spanID)-\(flags)" }

    private static var randomID: String { hex(.random(in: 1 ... .max)) }

    /// 16 lower-case hexadecimal digits.
    public static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
