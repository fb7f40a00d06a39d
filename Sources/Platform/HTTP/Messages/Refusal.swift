/// Why a request is refused before it reaches a handler; the connection closes after the response.
struct Refusal: Error, Equatable {
    let kind: ProblemKind
    let detail: String

    var status: Int { kind.status }

    /// 400: it is unclear where the request ends or what it asks for.
    static func malformed(_ detail: String) -> Refusal {
        Refusal(kind: .invalidRequest, detail: detail)
    }

    static func bodyTooLarge(_ limit: Int) -> Refusal {
        Refusal(kind: .bodyTooLarge, detail: "The body is longer than \(limit) bytes.")
    }

    static func headersTooLarge(_ detail: String) -> Refusal {
        Refusal(kind: .headersTooLarge, detail: detail)
    }

    static let lateRequest = Refusal(
        kind: .requestTimeout, detail: "The request did not arrive in time.")

    static let overloaded = Refusal(
        kind: .overloaded, detail: "Too many requests are arriving at once.")

    static let tooManyConnections = Refusal(
        kind: .overloaded, detail: "Too many connections are open from this address.")

    static let tooManyStreams = Refusal(
        kind: .overloaded, detail: "Too many streams are open from this address.")

    static let unknownExpectation = Refusal(
        kind: .expectationFailed, detail: "The only expectation that this server meets is 100-continue.")

    static let unknownVersion = Refusal(
        kind: .versionNotSupported, detail: "This server understands HTTP/1.1 and HTTP/1.0 only.")

    static let unknownMethod = Refusal(
        kind: .methodNotAllowed, detail: "This server does not know the method.")
}

/// A refusal, with what is known about the request.
struct RefusedRequest {
    let refusal: Refusal
    /// The client's `X-Request-Id`.
    let requestID: String?
    /// Whether the request is a HEAD, so that the response has no body.
    let isHead: Bool
    /// The request's `Origin` header.
    let origin: String?
}

extension Refusal {
    /// The response without the connection's headers.
    var response: HTTPResponse {
        var headers = [(name: "Cache-Control", value: "no-store")]
        switch self {
        case _ where status == 503: headers.append(("Retry-After", "1"))
        // All methods of the server, because the path was not examined.
        case .unknownMethod: headers.append(("Allow", HTTPMethod.all))
        default: break
        }
        return Problem(kind, detail, headers: headers).response()
    }
}
