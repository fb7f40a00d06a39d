import HTTP
import RedisClient
import Tracing

/// Attaches a request's trace to every script that it calls.
final class TracedHandler: HTTPHandler {
    private let next: any HTTPHandler

    init(next: any HTTPHandler) { self.next = next }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        await ScriptCause.$record.withValue(RequestTrace.record(request)) { await next.respond(to: request) }
    }

    func take(_ exchange: HTTPExchange) -> Bool {
        // Tasks started meanwhile inherit the trace.
        ScriptCause.$record.withValue(RequestTrace.record(exchange.request)) { next.take(exchange) }
    }
}

extension HTTPExchange {
    /// Answers in a task, for an exchange that turned out to need one after it passed the layers; its scripts carry its
    /// trace too.
    func laterTraced(_ body: nonisolated(nonsending) @escaping (HTTPRequest) async -> HTTPResponse) {
        guard Tracer.shared.isOn else { return later(body) }
        ScriptCause.$record.withValue(RequestTrace.record(request)) { later(body) }
    }
}
