/// Why a request is refused before any handler sees it; the connection ends with the answer.
struct Refusal: Error, Equatable {
    let kind: ProblemKind
    let detail: String

    var status: Int { kind.status }

    /// 400: where the request ends, or what it asks for, is in doubt.
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

/// A refusal, and what is known of the request it answers.
struct RefusedRequest {
    let refusal: Refusal
    /// What the request called itself.
    let requestID: String?
    /// Whether the answer has no body.
    let isHead: Bool
    /// The page's origin, as a browser sent it.
    let origin: String?
}

extension Refusal {
    /// The answer, but for what the connection adds.
    var response: HTTPResponse {
        var headers = [(name: "Cache-Control", value: "no-store")]
        switch self {
        case _ where status == 503: headers.append(("Retry-After", "1"))
        // Of whatever path: which one it is was not looked at.
        case .unknownMethod: headers.append(("Allow", HTTPMethod.all))
        default: break
        }
        return Problem(kind, detail, headers: headers).response()
    }
}
