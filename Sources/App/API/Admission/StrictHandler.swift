import HTTP

/// Takes nothing, so that every request goes the slow path of unusual requests; a test compares both paths.
final class StrictHandler: HTTPHandler {
    private let next: any HTTPHandler

    init(_ next: any HTTPHandler) { self.next = next }

    func respond(to request: HTTPRequest) async -> HTTPResponse { await next.respond(to: request) }

    func permit(_ head: HTTPRequest) async -> BodyPermit { await next.permit(head) }
}
