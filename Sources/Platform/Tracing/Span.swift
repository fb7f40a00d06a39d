import Glibc

/// A timed operation in a trace (OpenTelemetry, "Span").
package struct Span: Sendable {
    /// The span kind, numbered as in OTLP.
    package enum Kind: Int64, Sendable {
        /// Internal to this process.
        case inside = 1
        /// Handles a request.
        case server
        /// Calls another service.
        case client
        /// Enqueues work.
        case producer
        /// Processes queued work.
        case consumer
    }

    /// An attribute's value.
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(Int64)
    }

    /// Low-cardinality name.
    package let name: String
    package let kind: Kind
    /// The ids of the trace and of this span.
    package let context: TraceContext
    /// The id of the parent span.
    package let parent: String?
    /// Unix time, nanoseconds.
    package let start: Int64
    /// Unix time, nanoseconds.
    package let end: Int64
    /// Attributes: ids and numbers, no secrets.
    package let attributes: [(name: String, value: Value)]
    /// Whether the operation failed.
    package let hasFailed: Bool

    /// A span that ends now.
    ///
    /// - Parameter duration: nanoseconds.
    package init(
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
