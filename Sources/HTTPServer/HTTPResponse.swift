import Text

/// An answer. The server adds `Content-Length` or `Transfer-Encoding`, `Date`, `X-Request-Id` and `Connection`.
public struct HTTPResponse: Sendable {
    /// The status code.
    public var status: Int
    /// Names and values; control bytes in them are dropped.
    public var headers: [(name: String, value: String)]
    /// Headers that are made already, as they are sent behind the others: each line begins with CR LF. What is in them is
    /// not looked at: no `Content-Security-Policy`, `ETag` or `Cache-Control`.
    public var lines: [UInt8] = []
    /// The body.
    public var body: [UInt8]
    /// Where in the body a problem's `instance` stands, in whose place an id is written that is made for this very
    /// occurrence; `nil` when the body is written as it is.
    public var instance: Int?
    /// What goes on writing the body after it, for as long as it is open.
    public var stream: HTTPResponseStream?
    /// What a layer in front of the handler lets those know who are told the answer; clients see nothing of it.
    public var attachment: (any AnyObject & Sendable)?

    /// An answer without headers but those that are made already; see `lines`.
    public init(status: Int, body: [UInt8], lines: [UInt8]) {
        self.status = status
        headers = []
        self.lines = lines
        self.body = body
        stream = nil
    }

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

    /// The line that says it of an answer in JSON; for `lines`.
    public static let jsonLine = Array("\r\nContent-Type: application/json".utf8)

    /// What surrounds an answer on its connection.
    struct Envelope {
        let requestID: HTTPRequest.Name
        /// For the `Date` header (RFC 9110, section 5.6.7).
        let date: [UInt8]
        /// Whether the request was of HTTP/1.1; older clients know no chunks, and must be told that the connection stays.
        let isHTTP11: Bool
        /// Whether the body is left out, though its length is told.
        let isHead: Bool
        /// Whether the connection ends with it.
        let closes: Bool
        /// Headers behind the answer's own; see `HTTPExchange.lines`.
        var lines: [UInt8] = []
    }

    /// Whether this status has a body at all (RFC 9110, section 6.4.1).
    var mayHaveBody: Bool { status != 204 && status != 304 }

    /// Appends the answer's bytes; those of a stream follow.
    ///
    /// - Parameter more: appends further headers, each line beginning with CR LF.
    func write(to output: inout [UInt8], _ envelope: Envelope, more: (inout [UInt8]) -> Void = { _ in }) {
        output.reserveCapacity(output.count + size(envelope))
        StatusLine.append(status, to: &output)
        output.append(contentsOf: envelope.date)
        output.append(text: "\r\nX-Request-Id: " as StaticString)
        envelope.requestID.append(to: &output)
        // A page may need something; then it says so itself.
        let hasPolicy = headers.contains { $0.name == Self.policyName }
        output.append(contentsOf: hasPolicy ? Self.protection : Self.protectionAndPolicy)
        for header in headers {
            output.append(text: "\r\n" as StaticString)
            Self.append(header.name, to: &output)
            output.append(text: ": " as StaticString)
            Self.append(header.value, to: &output)
        }
        if !lines.isEmpty { output.append(contentsOf: lines) }
        if !envelope.lines.isEmpty { output.append(contentsOf: envelope.lines) }
        more(&output)
        if mayHaveBody { writeLength(to: &output, envelope) }
        if envelope.closes {
            output.append(text: "\r\nConnection: close" as StaticString)
        } else if !envelope.isHTTP11 {
            output.append(text: "\r\nConnection: keep-alive" as StaticString)
        }
        output.append(text: "\r\n\r\n" as StaticString)
        if stream == nil, mayHaveBody, !envelope.isHead { writeBody(to: &output) }
    }

    private func writeBody(to output: inout [UInt8]) {
        guard let instance else { return output.append(contentsOf: body) }
        let (high, low) = Identifiers.words()
        output.append(contentsOf: body[..<instance])
        HexText(high: high, low: low).appendUUID(to: &output)
        output.append(contentsOf: body[(instance + HexText.uuidLength)...])
    }

    /// About how long it is: it grows once, if at all.
    private func size(_ envelope: Envelope) -> Int {
        var size = 512 + body.count + lines.count + envelope.lines.count
        for header in headers { size += header.name.utf8.count + header.value.utf8.count + 4 }
        return size
    }

    private func writeLength(to output: inout [UInt8], _ envelope: Envelope) {
        if stream == nil {
            output.append(text: "\r\nContent-Length: " as StaticString)
            output.append(decimal: body.count)
        } else if envelope.isHTTP11 {
            output.append(text: "\r\nTransfer-Encoding: chunked" as StaticString)
        }
    }

    /// Browsers are to take an answer for what it says it is, show it in nobody's frame, tell nobody where a link on it
    /// was followed, and give it to no other site's page (OWASP, "REST security cheat sheet").
    private static let protection = Array(
        "\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin"
            .utf8)
    private static let policyName = "Content-Security-Policy"
    /// What is no page needs nothing.
    static let protectionAndPolicy =
        protection + "\r\n\(policyName): default-src 'none'; frame-ancestors 'none'".utf8

    /// Nothing that is echoed may begin another header.
    private static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            if unsafe utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) {
                unsafe output.append(contentsOf: utf8)
            } else {
                output.append(contentsOf: unsafe utf8.filter { $0 >= 0x20 && $0 != 0x7f })
            }
        }
    }
}

extension [UInt8] {
    /// Appends text as UTF-8.
    mutating func append(text: String) {
        var text = text
        text.withUTF8 { unsafe append(contentsOf: $0) }
    }

    /// Appends text that is known when the program is compiled.
    mutating func append(text: StaticString) { text.withUTF8Buffer { unsafe append(contentsOf: $0) } }

    /// Appends a number that is not negative.
    mutating func append(decimal number: Int) {
        var rest = number
        guard rest > 9 else { return append(UInt8(ascii: "0") + UInt8(rest)) }
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            while rest > 0 {
                start -= 1
                unsafe digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            unsafe append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }
}
