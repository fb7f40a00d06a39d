import Synchronization

/// Keeps spans until they are sent. Never waits: while nobody sends they are dropped and counted.
public final class Tracer: Sendable {
    /// That of this process.
    public static let shared = Tracer()

    private struct Waiting {
        var spans: [Span] = []
        var dropped = 0
    }

    /// Spans that wait at a time: some megabytes, and a second of a busy copy's.
    public static let limit = 8192

    private let started = Atomic<Bool>(false)
    private let waiting = Mutex(Waiting())

    /// One that is off.
    public init() {}

    /// Whether spans are kept at all; without, work costs one look at this.
    public var isOn: Bool { started.load(ordering: .relaxed) }

    /// Begins to keep spans.
    public func start() { started.store(true, ordering: .relaxed) }

    /// Keeps a span, if its trace is to be recorded and there is room.
    public func record(_ span: Span) {
        guard isOn, span.context.isSampled else { return }
        waiting.withLock { waiting in
            if waiting.spans.count < Self.limit { waiting.spans.append(span) } else { waiting.dropped += 1 }
        }
    }

    /// Takes the oldest spans, and how many were dropped since the last call.
    public func take(atMost count: Int) -> (spans: [Span], dropped: Int) {
        waiting.withLock { waiting in
            let taken = Array(waiting.spans.prefix(count))
            waiting.spans.removeFirst(taken.count)
            defer { waiting.dropped = 0 }
            return (taken, waiting.dropped)
        }
    }
}

extension Tracer {
    /// A script's call.
    ///
    /// - Parameters:
    ///   - record: the trace context of whoever wanted it, and what may follow it.
    ///   - duration: nanoseconds.
    public func scriptCalled(_ script: String, _ record: String, lasting duration: Int64, hasFailed: Bool) {
        guard isOn, let caller = TraceContext(traceparent: record.prefix(55)), caller.isSampled else { return }
        self.record(
            Span(
                "redis \(script)", .client, caller.child(), parent: caller.spanID, lasting: duration,
                [("db.system.name", .text("redis")), ("db.operation.name", .text(script))], hasFailed: hasFailed))
    }
}
