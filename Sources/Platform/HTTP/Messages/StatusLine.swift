/// The first line of a response, up to the value of `Date`, which follows.
enum StatusLine {
    /// Prebuilt lines, by status minus 200; empty for a status without a reason here.
    static let known: [[UInt8]] = (200..<600).map { reasons[$0] == nil ? [] : made($0) }

    /// Appends the line of a status, and the name of the `Date` header.
    static func append(_ status: Int, to output: inout [UInt8]) {
        guard isKnown(status) else {
            return output.append(contentsOf: made(status))
        }
        output.append(contentsOf: known[status - 200])
    }

    /// Whether the status has a prebuilt line.
    static func isKnown(_ status: Int) -> Bool { status >= 200 && status < 600 && !known[status - 200].isEmpty }

    private static func made(_ status: Int) -> [UInt8] {
        Array("HTTP/1.1 \(status) \(reasons[status] ?? "Status")\r\nDate: ".utf8)
    }

    private static let reasons: [Int: String] = [
        200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
        401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 409: "Conflict", 412: "Precondition Failed", 413: "Content Too Large",
        415: "Unsupported Media Type", 417: "Expectation Failed", 422: "Unprocessable Content",
        429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]
}
