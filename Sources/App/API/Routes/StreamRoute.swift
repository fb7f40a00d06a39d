import HTTP
import SeatInventory

/// `/v1/events/{id}/stream`: availability as it changes (HTML, "Server-sent events").
final class StreamRoute {
    private let context: APIContext
    private let listeners: LiveListeners

    init(_ context: APIContext, _ listeners: LiveListeners) {
        self.context = context
        self.listeners = listeners
    }

    func add(to router: Router) {
        router.add(.get, "/v1/events/{id}/stream", .anyone) { request in await answer { try await self.listen(request) }
        }
    }

    private func listen(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = try QueryFields(request)
        try query.finish()
        let last = try Self.lastSequence(request)
        let id = try await context.event(request.parameters["id"] ?? "")
        var opened = try await listeners.open(id, after: last)
        if opened == nil {
            try await context.bring(id)
            opened = try await listeners.open(id, after: last)
        }
        guard let (beginning, stream) = opened else { throw try await context.notInRedis(id) }
        let headers = [
            (name: "Content-Type", value: "text/event-stream"), (name: "Cache-Control", value: "no-store"),
            // Makes nginx and similar proxies pass data on at once.
            (name: "X-Accel-Buffering", value: "no"),
        ]
        return HTTPResponse(status: 200, headers: headers, body: beginning, stream: stream)
    }

    /// The `id` of the last message that the client got before it reconnected; `nil` on its first connection.
    private static func lastSequence(_ request: HTTPRequest) throws(Problem) -> Int64? {
        let values = request.headers("last-event-id").filter { !$0.isEmpty }
        guard let value = values.first else { return nil }
        // 18 digits fit into 64 bits.
        guard values.count == 1, value.utf8.count <= 18, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .invalid([("Last-Event-ID", "It must be the id of an event of this stream.")])
        }
        return Int64(value)
    }
}
