/// Why a request is refused before any handler sees it; the connection ends with the answer.
struct Refusal: Error, Equatable {
    let status: Int
    let code: String
    let detail: String

    /// 400: where the request ends, or what it asks for, is in doubt.
    static func malformed(_ detail: String) -> Refusal {
        Refusal(status: 400, code: "invalid-request", detail: detail)
    }

    static func bodyTooLarge(_ limit: Int) -> Refusal {
        Refusal(status: 413, code: "body-too-large", detail: "The body is longer than \(limit) bytes.")
    }

    static func headersTooLarge(_ detail: String) -> Refusal {
        Refusal(status: 431, code: "headers-too-large", detail: detail)
    }

    static let lateRequest = Refusal(
        status: 408, code: "request-timeout", detail: "The request did not arrive in time.")

    static let overloaded = Refusal(
        status: 503, code: "overloaded", detail: "Too many requests are arriving at once.")

    static let unknownExpectation = Refusal(
        status: 417, code: "expectation-failed", detail: "The only expectation met here is 100-continue.")

    static let unknownVersion = Refusal(
        status: 505, code: "version-not-supported", detail: "Only HTTP/1.1 and HTTP/1.0 are spoken here.")

    static let unknownMethod = Refusal(
        status: 405, code: "method-not-allowed", detail: "This method is not known here.")
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

    /// The answer, but for what the connection adds.
    var response: HTTPResponse {
        var headers = [(name: "Cache-Control", value: "no-store")]
        switch refusal {
        case .overloaded: headers.append(("Retry-After", "1"))
        // Of whatever path: which one it is was not looked at.
        case .unknownMethod: headers.append(("Allow", HTTPMethod.all))
        default: break
        }
        return Problem(
            refusal.status, refusal.code, refusal.detail, isRetryable: refusal == .overloaded, headers: headers
        ).response()
    }
}
