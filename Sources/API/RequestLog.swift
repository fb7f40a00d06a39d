import HTTPServer
import Logging
import Records

/// One line a request. The path's template is told, never the target: what clients put into it may be anything.
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
            // Who acts is told of those who act for others, and of who was refused; customers' requests are their own.
            if let audit = response.attachment as? AuditDraft {
                line.add("principal", audit.actor.id)
                line.add("address", audit.address)
            }
        }
    }

    /// What changes nothing and went well is for whoever looks for a fault.
    private static func level(_ method: HTTPMethod, _ status: Int) -> LogLevel {
        switch (method, status) {
        case (_, 500): .error
        case (_, 501...): .warning
        case (.get, _), (.head, _), (.options, _): .debug
        default: .info
        }
    }
}
