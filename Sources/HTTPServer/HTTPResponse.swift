/// An answer, whole. The server adds `Content-Length`, `Date`, `X-Request-Id` and `Connection`.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// Names and values; control bytes in them are dropped.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: [UInt8]

    /// An answer.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer in JSON.
    public static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: body)
    }

    /// Appends the answer's bytes.
    ///
    /// - Parameters:
    ///   - isHead: whether the body is left out, though its length is told.
    ///   - closes: whether the connection ends with it.
    ///   - date: for the `Date` header (RFC 9110, section 5.6.7).
    func write(to output: inout [UInt8], requestID: String, isHead: Bool, closes: Bool, date: [UInt8]) {
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        output.append(contentsOf: String(status).utf8)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: Self.reason(status).utf8)
        if status != 204, status != 304 {
            output.append(contentsOf: "\r\nContent-Length: ".utf8)
            output.append(contentsOf: String(body.count).utf8)
        }
        output.append(contentsOf: "\r\nDate: ".utf8)
        output.append(contentsOf: date)
        output.append(contentsOf: "\r\nX-Request-Id: ".utf8)
        output.append(contentsOf: requestID.utf8)
        for header in headers {
            output.append(13)
            output.append(10)
            Self.append(header.name, to: &output)
            output.append(contentsOf: ": ".utf8)
            Self.append(header.value, to: &output)
        }
        output.append(contentsOf: (closes ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n").utf8)
        if !isHead, status != 204, status != 304 { output.append(contentsOf: body) }
    }

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
