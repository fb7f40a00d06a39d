import Glibc

/// A piece of work of a trace, with its beginning and its end (OpenTelemetry, "Span").
public struct Span: Sendable {
    /// What kind of work, numbered as OTLP does.
    public enum Kind: Int64, Sendable {
        /// Of this process alone.
        case inside = 1
        /// Serving a request.
        case server
        /// Asking somebody else.
        case client
        /// Handing on.
        case producer
        /// Taking what somebody handed on.
        case consumer
    }

    /// What an attribute says.
    public enum Value: Sendable, Equatable {
        /// A text.
        case text(String)
        /// A number.
        case number(Int64)
    }

    /// What it is called: few different names.
    public let name: String
    /// What kind of work.
    public let kind: Kind
    /// Its trace, and its own id.
    public let context: TraceContext
    /// The span that it is a part of.
    public let parent: String?
    /// Unix time, nanoseconds.
    public let start: Int64
    /// Unix time, nanoseconds.
    public let end: Int64
    /// What else is known; ids and numbers, nothing that is secret.
    public let attributes: [(name: String, value: Value)]
    /// Whether it did not do what it was to do.
    public let hasFailed: Bool

    /// Work that ends now.
    ///
    /// - Parameter duration: nanoseconds.
    public init(
        _ name: String, _ kind: Kind, _ context: TraceContext, parent: String?, lasting duration: Int64,
        _ attributes: [(name: String, value: Value)] = [], hasFailed: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        end = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
        start = end - max(0, duration)
        self.attributes = attributes
        self.hasFailed = hasFailed
    }
}
