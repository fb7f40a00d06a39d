import BoxOffice
import Logging
import Loops
import SeatInventory
import Tracing

/// Logs and traces persisted transitions.
enum PersistLog {
    /// Logs each transition with the id of the request that caused it.
    static func log(_ written: [OutboxEntry.Transition]) {
        guard Log.tells(.info) else { return }
        for transition in written {
            guard let traceparent = transition.traceparent else { continue }
            Log.info("persisted") { line in
                line.add("requestId", transition.requestID)
                line.add("traceId", TraceContext.traceID(in: traceparent))
                line.add("bookingId", transition.booking.description)
                line.add("status", transition.image.status.rawValue)
                line.add("version", transition.image.version)
            }
        }
    }

    /// Records each transition's part of a batch in the trace of the request that caused it.
    static func trace(_ written: [OutboxEntry.Transition], since start: Int64) {
        guard Tracer.shared.isOn else { return }
        let duration = monotonicNanoseconds() - start
        for transition in written {
            guard let caller = transition.traceparent.flatMap({ TraceContext(traceparent: $0) }) else { continue }
            Tracer.shared.record(
                Span(
                    "persist", .consumer, caller.child(), parent: caller.spanID, lasting: duration,
                    [
                        ("usher.booking_id", .text(transition.booking.description)),
                        ("usher.status", .text(transition.image.status.rawValue)),
                        ("usher.version", .number(transition.image.version)),
                        ("usher.batch_size", .number(Int64(written.count))),
                    ]))
        }
    }
}
