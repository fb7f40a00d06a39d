import Text

/// A response. The server adds `Content-Length` or `Transfer-Encoding`, `Date`, `X-Request-Id` and `Connection`.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// Names and values; control bytes in them are dropped when written.
    package var headers: [(name: String, value: String)]
    /// Preformatted header lines, sent after `headers`; each line starts with CR LF. Nothing inspects them: do not put
    /// `Content-Security-Policy`, `ETag` or `Cache-Control` here.
    package var lines: [UInt8] = []
    package var body: [UInt8]
    /// Offset of the `instance` value in a problem's body, which is replaced by a new id each time the response is
    /// sent; `nil` to send the body unchanged.
    package var instance: Int?
    /// Continues the body after `body`, while the stream is open.
    package var stream: HTTPResponseStream?
    /// Data that a layer in front of the handler passes to the observers of responses; never sent to clients.
    package var attachment: (any AnyObject & Sendable)?

    /// A response whose headers are preformatted; see `lines`.
    package init(status: Int, body: [UInt8], lines: [UInt8]) {
        self.status = status
        headers = []
        self.lines = lines
        self.body = body
        stream = nil
    }

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        stream: HTTPResponseStream? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
    }

    /// A response in JSON.
    package static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: body)
    }

    /// The content type line of a JSON response; for `lines`.
    package static let jsonLine = Array("\r\nContent-Type: application/json".utf8)

    /// The connection's part of a response.
    struct Envelope {
        let requestID: HTTPRequest.Name
        /// For the `Date` header (RFC 9110, section 5.6.7).
        let date: [UInt8]
        /// Whether the request is HTTP/1.1. Older clients do not support chunks, and need `Connection: keep-alive`.
        let isHTTP11: Bool
        /// Whether to leave out the body but keep its length.
        let isHead: Bool
        /// Whether the connection closes after the response.
        let closes: Bool
        /// Headers after the response's own; see `HTTPExchange.lines`.
        var lines: [UInt8] = []
    }

    /// Whether this status has a body (RFC 9110, section 6.4.1).
    var mayHaveBody: Bool { status != 204 && status != 304 }

    /// Appends the response's bytes; those of a stream follow.
    ///
    /// - Parameter more: appends further headers; each line must start with CR LF.
    func write(to output: inout [UInt8], _ envelope: Envelope, more: (inout [UInt8]) -> Void = { _ in }) {
        output.reserveCapacity(output.count + size(envelope))
        StatusLine.append(status, to: &output)
        output.append(contentsOf: envelope.date)
        output.append(text: "\r\nX-Request-Id: " as StaticString)
        envelope.requestID.append(to: &output)
        // A page may need a policy of its own; then its headers contain one.
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

    /// An estimate, so that the buffer grows at most once.
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

    /// Browsers must not sniff the content type, show the response in a frame, send a referrer from its links, or
    /// expose it to other sites' pages (OWASP, "REST security cheat sheet").
    private static let protection = Array(
        "\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin"
            .utf8)
    private static let policyName = "Content-Security-Policy"
    /// The default policy, for responses that are not pages: nothing may be loaded.
    static let protectionAndPolicy =
        protection + "\r\n\(policyName): default-src 'none'; frame-ancestors 'none'".utf8

    /// Drops control bytes, so that an echoed value cannot start another header.
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

    mutating func append(text: StaticString) { text.withUTF8Buffer { unsafe append(contentsOf: $0) } }

    /// Appends a non-negative number.
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
