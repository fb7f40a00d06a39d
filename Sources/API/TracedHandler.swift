import HTTPServer
import RedisClient
import Tracing

/// Lets every script that a request calls be known by its trace.
final class TracedHandler: HTTPHandler {
    private let next: any HTTPHandler

    init(next: any HTTPHandler) { self.next = next }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        await ScriptCause.$record.withValue(RequestTrace.record(request)) { await next.respond(to: request) }
    }

    func take(_ exchange: HTTPExchange) -> Bool {
        // Tasks that are begun meanwhile know it too.
        ScriptCause.$record.withValue(RequestTrace.record(exchange.request)) { next.take(exchange) }
    }
}

extension HTTPExchange {
    /// Answers by a task what turned out to need one, long after the layers; its scripts are known by its trace as those of
    /// all others are.
    func laterTraced(_ body: nonisolated(nonsending) @escaping (HTTPRequest) async -> HTTPResponse) {
        guard Tracer.shared.isOn else { return later(body) }
        ScriptCause.$record.withValue(RequestTrace.record(request)) { later(body) }
    }
}
