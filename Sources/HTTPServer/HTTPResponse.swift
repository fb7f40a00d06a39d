/// An answer. The server adds `Content-Length` or `Transfer-Encoding`, `Date`, `X-Request-Id` and `Connection`.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// Names and values; control bytes in them are dropped.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: [UInt8]
    /// What goes on writing the body after it, for as long as it is open.
    public var stream: HTTPResponseStream?
    /// What a layer in front of the handler lets those know who are told the answer; clients see nothing of it.
    public var attachment: (any AnyObject & Sendable)?

    /// An answer.
    public init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        stream: HTTPResponseStream? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
    }

    /// An answer in JSON.
    public static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: body)
    }

    /// What surrounds an answer on its connection.
    struct Envelope {
        let requestID: String
        /// For the `Date` header (RFC 9110, section 5.6.7).
        let date: [UInt8]
        /// Whether the request was of HTTP/1.1; older clients know no chunks, and must be told that the connection stays.
        let isHTTP11: Bool
        /// Whether the body is left out, though its length is told.
        let isHead: Bool
        /// Whether the connection ends with it.
        let closes: Bool
    }

    /// Whether this status has a body at all (RFC 9110, section 6.4.1).
    var mayHaveBody: Bool { status != 204 && status != 304 }

    /// Appends the answer's bytes; those of a stream follow.
    func write(to output: inout [UInt8], _ envelope: Envelope) {
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        output.append(contentsOf: String(status).utf8)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: Self.reason(status).utf8)
        output.append(contentsOf: "\r\nDate: ".utf8)
        output.append(contentsOf: envelope.date)
        output.append(contentsOf: "\r\nX-Request-Id: ".utf8)
        output.append(contentsOf: envelope.requestID.utf8)
        output.append(contentsOf: Self.protection)
        // A page may need something; then it says so itself.
        if !headers.contains(where: { $0.name == Self.policyName }) { output.append(contentsOf: Self.policy) }
        for header in headers {
            output.append(contentsOf: "\r\n".utf8)
            Self.append(header.name, to: &output)
            output.append(contentsOf: ": ".utf8)
            Self.append(header.value, to: &output)
        }
        if mayHaveBody { writeLength(to: &output, envelope) }
        if envelope.closes {
            output.append(contentsOf: "\r\nConnection: close".utf8)
        } else if !envelope.isHTTP11 {
            output.append(contentsOf: "\r\nConnection: keep-alive".utf8)
        }
        output.append(contentsOf: "\r\n\r\n".utf8)
        if stream == nil, mayHaveBody, !envelope.isHead { output.append(contentsOf: body) }
    }

    private func writeLength(to output: inout [UInt8], _ envelope: Envelope) {
        if stream == nil {
            output.append(contentsOf: "\r\nContent-Length: ".utf8)
            output.append(contentsOf: String(body.count).utf8)
        } else if envelope.isHTTP11 {
            output.append(contentsOf: "\r\nTransfer-Encoding: chunked".utf8)
        }
    }

    /// Browsers are to take an answer for what it says it is, show it in nobody's frame, tell nobody where a link on it
    /// was followed, and give it to no other site's page (OWASP, "REST security cheat sheet").
    private static let protection = Array(
        "\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin"
            .utf8)
    private static let policyName = "Content-Security-Policy"
    /// What is no page needs nothing.
    private static let policy = Array("\r\n\(policyName): default-src 'none'; frame-ancestors 'none'".utf8)

    /// Nothing that is echoed may begin another header.
    private static func append(_ text: String, to output: inout [UInt8]) {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) {
            output.append(contentsOf: text.utf8)
        } else {
            output.append(contentsOf: text.utf8.filter { $0 >= 0x20 && $0 != 0x7f })
        }
    }

    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
