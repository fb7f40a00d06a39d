import Synchronization

/// Buffers spans until they are sent. Never blocks: when the buffer is full, spans are dropped and counted.
package final class Tracer: Sendable {
    /// The process's tracer.
    package static let shared = Tracer()

    private struct Waiting {
        var spans: [Span] = []
        var dropped = 0
    }

    /// Maximum number of buffered spans: some megabytes, or one second of a busy replica.
    package static let limit = 8192

    private let started = Atomic<Bool>(false)
    private let waiting = Mutex(Waiting())

    /// A tracer that is off.
    package init() {}

    /// Whether spans are recorded; while it is off, this check is all that tracing costs.
    package var isOn: Bool { started.load(ordering: .relaxed) }

    /// Starts recording.
    package func start() { started.store(true, ordering: .relaxed) }

    /// Records a span if its trace is sampled and the buffer has room.
    package func record(_ span: Span) {
        guard isOn, span.context.isSampled else { return }
        waiting.withLock { waiting in
            if waiting.spans.count < Self.limit { waiting.spans.append(span) } else { waiting.dropped += 1 }
        }
    }

    /// Removes and returns the oldest spans, and the number dropped since the last call.
    package func take(atMost count: Int) -> (spans: [Span], dropped: Int) {
        waiting.withLock { waiting in
            let taken = Array(waiting.spans.prefix(count))
            waiting.spans.removeFirst(taken.count)
            defer { waiting.dropped = 0 }
            return (taken, waiting.dropped)
        }
    }
}

extension Tracer {
    /// Records the span of a script call.
    ///
    /// - Parameters:
    ///   - record: starts with the trace context of the request that caused the call.
    ///   - duration: nanoseconds.
    package func scriptCalled(_ script: String, _ record: String, lasting duration: Int64, hasFailed: Bool) {
        guard isOn, let caller = TraceContext(traceparent: record.prefix(55)), caller.isSampled else { return }
        self.record(
            Span(
                "redis \(script)", .client, caller.child(), parent: caller.spanID, lasting: duration,
                [("db.system.name", .text("redis")), ("db.operation.name", .text(script))], hasFailed: hasFailed))
    }
}
