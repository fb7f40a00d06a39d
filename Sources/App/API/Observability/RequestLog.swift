import HTTP
import Logging
import Records

/// Logs one line per request. It has the path's template, never the target: clients may put anything into it.
enum RequestLog {
    static func note(
        _ request: HTTPRequest, _ route: Router.Route?, _ response: HTTPResponse, nanoseconds: Int64
    ) {
        let level = level(request.method, response.status)
        guard Log.tells(level) else { return }
        Log.write(level, "request") { line in
            line.add("requestId", request.id)
            line.add("traceId", RequestTrace(request).traceID)
            line.add("method", request.method.rawValue)
            line.add("route", route?.path)
            line.add("status", Int64(response.status))
            line.add("durationMs", nanoseconds: nanoseconds)
            // The principal is logged for callers that act for others, and for refused callers; customers' requests are
            // private.
            if let audit = response.attachment as? AuditDraft {
                line.add("principal", audit.actor.id)
                line.add("address", audit.address)
            }
        }
    }

    /// Successful reads are logged at debug level.
    private static func level(_ method: HTTPMethod, _ status: Int) -> LogLevel {
        switch (method, status) {
        case (_, 500): .error
        case (_, 501...): .warning
        case (.get, _), (.head, _), (.options, _): .debug
        default: .info
        }
    }
}
