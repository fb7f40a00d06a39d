import HTTPServer

/// Takes nothing, so that every request goes the way of what is unusual; a test compares both ways.
final class StrictHandler: HTTPHandler {
    private let next: any HTTPHandler

    init(_ next: any HTTPHandler) { self.next = next }

    func respond(to request: HTTPRequest) async -> HTTPResponse { await next.respond(to: request) }

    func permit(_ head: HTTPRequest) async -> BodyPermit { await next.permit(head) }
}
