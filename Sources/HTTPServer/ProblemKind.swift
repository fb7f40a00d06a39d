/// A kind of error, as clients know it: what its code means, and what to do about it.
///
/// Every code is declared once, here or where it is thrown, so that its status, its title and its page at
/// `/problems/{code}` cannot differ between two places.
public struct ProblemKind: Sendable {
    /// Kebab-case; what programs compare.
    public let code: String
    /// The status code.
    public let status: Int
    /// A short summary of the kind for people (RFC 9457, section 3.1.3); never about one request.
    public let title: String
    /// What it means and what to do about it: one paragraph for whoever got it.
    public let advice: String
    /// Whether the same request may succeed later, unchanged.
    public let isRetryable: Bool

    /// A kind of error.
    ///
    /// - Parameter mayPass: whether the same request may succeed later; that of 429 and 503 always may.
    public init(_ code: String, _ status: Int, _ title: String, mayPass: Bool = false, _ advice: String) {
        self.code = code
        self.status = status
        self.title = title
        self.advice = advice
        isRetryable = mayPass || status == 429 || status == 503
    }
}

extension ProblemKind: Equatable {
    /// Codes are unique.
    public static func == (one: ProblemKind, other: ProblemKind) -> Bool { one.code == other.code }
}

/// What the server itself refuses, before a route sees it.
extension ProblemKind {
    /// 400: the request cannot be understood.
    public static let invalidRequest = ProblemKind(
        "invalid-request", 400, "The request is not valid",
        """
        Something in the request is missing, misspelt or out of range. `detail` names the first fault; `errors` lists \
        them all, each with a JSON pointer to the member, or with ? and the name of a query parameter. Correct them \
        and send the request again. Members and parameters that the contract does not name are refused too.
        """)
    /// 404: no route has this path.
    public static let notFound = ProblemKind(
        "not-found", 404, "Nothing is here",
        """
        The server has nothing at this address. Check the spelling of the path against the contract at /docs; what \
        was deleted is gone for good.
        """)
    /// 405: the path is right, the method is not.
    public static let methodNotAllowed = ProblemKind(
        "method-not-allowed", 405, "This method is not allowed here",
        "The address exists, but not for this method. The `Allow` header lists the methods that it has.")
    /// 408: the request did not arrive whole.
    public static let requestTimeout = ProblemKind(
        "request-timeout", 408, "The request took too long to arrive",
        """
        The header must arrive within 5 seconds and the body within 10. The connection was closed and nothing was \
        done. Open a new connection and send the request again; if it happens often, the network in between is slow \
        or loses packets.
        """)
    /// 413: the body is too long.
    public static let bodyTooLarge = ProblemKind(
        "body-too-large", 413, "The body is too large",
        "The body is longer than this call takes; `detail` has the limit. Send less, or split it into several requests."
    )
    /// 417: an expectation other than 100-continue.
    public static let expectationFailed = ProblemKind(
        "expectation-failed", 417, "The expectation cannot be met",
        "The `Expect` header asks for something other than 100-continue. Leave the header out.")
    /// 431: the header block is too large.
    public static let headersTooLarge = ProblemKind(
        "headers-too-large", 431, "The header is too large",
        """
        The request's line and headers may have 16 KiB together, and there may be at most 100 headers. Usually a long \
        cookie or address is the cause: leave out what Usher does not need.
        """)
    /// 503: more than the server takes.
    public static let overloaded = ProblemKind(
        "overloaded", 503, "The server is busy",
        """
        More is asked than the server can do at once, so this request was refused before anything was done. Wait as \
        long as `Retry-After` says and send it again; with an `Idempotency-Key` that is safe in any case.
        """)
    /// 505: another version of HTTP.
    public static let versionNotSupported = ProblemKind(
        "version-not-supported", 505, "This version of HTTP is not supported",
        "Usher understands HTTP/1.1 and HTTP/1.0. Configure the client or the proxy in front to use one of them.")
    /// 500: a fault of the server's.
    public static let internalError = ProblemKind(
        "internal", 500, "Something went wrong on the server",
        """
        This is a fault of the server, not of the request. Report it with the `X-Request-Id` of the answer, by which \
        it is found in the log. Whether anything was done is not known: look before you send the request again, or \
        send it with the same `Idempotency-Key`.
        """)
}
