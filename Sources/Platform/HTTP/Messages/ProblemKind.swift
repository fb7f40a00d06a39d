/// A kind of error: the meaning of its code, and what to do about it.
///
/// Every code is declared once, here or where it is thrown, so that its status, title and page at `/problems/{code}`
/// are consistent.
package struct ProblemKind: Sendable {
    /// Kebab-case; clients compare it.
    package let code: String
    package let status: Int
    /// A short summary of the kind for people (RFC 9457, section 3.1.3); does not refer to one request.
    package let title: String
    /// What the error means and what to do about it: one paragraph for its recipient.
    package let advice: String
    /// Whether the same request, unchanged, may succeed later.
    package let isRetryable: Bool

    /// - Parameter mayPass: whether the same request may succeed later; 429 and 503 are always retryable.
    package init(_ code: String, _ status: Int, _ title: String, mayPass: Bool = false, _ advice: String) {
        self.code = code
        self.status = status
        self.title = title
        self.advice = advice
        isRetryable = mayPass || status == 429 || status == 503
    }
}

extension ProblemKind: Equatable {
    /// Codes are unique.
    package static func == (one: ProblemKind, other: ProblemKind) -> Bool { one.code == other.code }
}

/// Problems of the server itself, before routing.
extension ProblemKind {
    /// 400: the request cannot be understood.
    package static let invalidRequest = ProblemKind(
        "invalid-request", 400, "The request is not valid",
        """
        Something in the request is missing, misspelt or out of range. `detail` names the first fault; `errors` lists \
        them all, each with a JSON pointer to the member, or with ? and the name of a query parameter. Correct them \
        and send the request again. Members and parameters that the contract does not name are refused too.
        """)
    /// 404: no route matches the path.
    package static let notFound = ProblemKind(
        "not-found", 404, "Nothing is here",
        """
        The server has nothing at this address. Check the spelling of the path against the contract at /docs. What \
        was deleted cannot be restored.
        """)
    /// 405: the path exists, but not with this method.
    package static let methodNotAllowed = ProblemKind(
        "method-not-allowed", 405, "This method is not allowed here",
        "The address exists, but not for this method. The `Allow` header lists its methods.")
    /// 408: the request did not arrive completely in time.
    package static let requestTimeout = ProblemKind(
        "request-timeout", 408, "The request took too long to arrive",
        """
        The headers must arrive within 5 seconds and the body within 10. The connection was closed and nothing was \
        done. Open a new connection and send the request again; if it happens often, the network in between is slow \
        or loses packets.
        """)
    /// 413: the body is too long.
    package static let bodyTooLarge = ProblemKind(
        "body-too-large", 413, "The body is too large",
        "The body is longer than this call takes; `detail` has the limit. Send less, or split it into several requests."
    )
    /// 417: an expectation other than 100-continue.
    package static let expectationFailed = ProblemKind(
        "expectation-failed", 417, "The expectation cannot be met",
        "The `Expect` header asks for something other than 100-continue. Omit the header.")
    /// 431: the headers are too large.
    package static let headersTooLarge = ProblemKind(
        "headers-too-large", 431, "The header is too large",
        """
        Request line and headers may have 16 KiB together, and there may be at most 100 headers. Usually a long \
        cookie or address is the cause: omit what Usher does not need.
        """)
    /// 503: the server is overloaded.
    package static let overloaded = ProblemKind(
        "overloaded", 503, "The server is busy",
        """
        The server has too much to do, so this request was refused before anything was done. Wait as \
        long as `Retry-After` says and send it again; with an `Idempotency-Key` that is always safe.
        """)
    /// 505: another version of HTTP.
    package static let versionNotSupported = ProblemKind(
        "version-not-supported", 505, "This version of HTTP is not supported",
        "Usher understands HTTP/1.1 and HTTP/1.0. Configure the client or the proxy in front to use one of them.")
    /// 500: a server error.
    package static let internalError = ProblemKind(
        "internal", 500, "Something went wrong on the server",
        """
        This is a fault of the server, not of the request. Report it with the `X-Request-Id` of the response, by which \
        it can be found in the log. Whether anything was done is unknown: check before you send the request again, or \
        send it with the same `Idempotency-Key`.
        """)
}
