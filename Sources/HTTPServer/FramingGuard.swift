/// What http_parser lets pass and must not: everything over which two servers could disagree where a request ends
/// (RFC 9112, sections 2.2, 3.2, 5, 6; request smuggling).
struct FramingGuard {
    /// The head is refused with this.
    struct Refusal: Error {
        let status: Int
        let code: String
        let detail: String
    }

    private var hosts = 0
    private var lengths = 0
    private var encodings = 0

    /// Checks a whole head, from the request line to the empty line, and finds its headers.
    ///
    /// - Parameter head: every LF in it follows a CR.
    static func check(_ head: ArraySlice<UInt8>, maximumHeaders: Int) throws(Refusal) -> [HTTPRequest.Header] {
        var framing = FramingGuard()
        var headers: [HTTPRequest.Header] = []
        var start = head.startIndex
        var isRequestLine = true
        while let end = head[start...].firstIndex(of: 13), end > start {
            if isRequestLine {
                try checkRequestLine(head[start..<end])
                isRequestLine = false
            } else {
                guard headers.count < maximumHeaders else {
                    throw Refusal(
                        status: 431, code: "headers-too-large", detail: "More than \(maximumHeaders) headers.")
                }
                headers.append(try framing.header(head, start..<end))
            }
            start = end + 2
        }
        try framing.checkTotals(isHTTP11: head[head.startIndex...].prefix { $0 != 13 }.last == UInt8(ascii: "1"))
        // Indexes are told from the head's beginning.
        let base = head.startIndex
        return headers.map { header in
            HTTPRequest.Header(
                name: header.name.lowerBound - base..<header.name.upperBound - base,
                value: header.value.lowerBound - base..<header.value.upperBound - base)
        }
    }

    private static func bad(_ detail: String) -> Refusal {
        Refusal(status: 400, code: "invalid-request", detail: detail)
    }

    private static func checkRequestLine(_ line: ArraySlice<UInt8>) throws(Refusal) {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, line.allSatisfy({ $0 > 0x1f && $0 < 0x7f }) else {
            throw bad("The request line is malformed.")
        }
        let version = parts[2]
        guard version.elementsEqual("HTTP/1.1".utf8) || version.elementsEqual("HTTP/1.0".utf8) else {
            throw Refusal(status: 505, code: "invalid-request", detail: "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        }
        let isOptions = parts[0].elementsEqual("OPTIONS".utf8)
        guard parts[1].first == UInt8(ascii: "/") || isOptions && parts[1].elementsEqual("*".utf8) else {
            throw bad("The request target must be a path.")
        }
    }

    private mutating func header(_ head: ArraySlice<UInt8>, _ line: Range<Int>) throws(Refusal) -> HTTPRequest.Header {
        guard let colon = head[line].firstIndex(of: UInt8(ascii: ":")), colon > line.lowerBound else {
            throw Self.bad("A header has no name.")
        }
        let name = line.lowerBound..<colon
        guard head[name].allSatisfy(isTokenCharacter) else {
            throw Self.bad("A header's name is malformed, or the header is folded.")
        }
        var value = colon + 1..<line.upperBound
        guard head[value].allSatisfy({ $0 > 0x1f && $0 != 0x7f || $0 == 9 }) else {
            throw Self.bad("A header's value contains control characters.")
        }
        while let first = head[value].first, first == 32 || first == 9 {
            value = value.lowerBound + 1..<value.upperBound
        }
        while let last = head[value].last, last == 32 || last == 9 { value = value.lowerBound..<value.upperBound - 1 }
        try note(head[name], head[value])
        return HTTPRequest.Header(name: name, value: value)
    }

    private mutating func note(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(Refusal) {
        switch name.count {
        case 4 where Self.equal(name, "host"):
            hosts += 1
        case 14 where Self.equal(name, "content-length"):
            lengths += 1
            guard !value.isEmpty, value.count <= 18, value.allSatisfy({ (48...57).contains($0) }) else {
                throw Self.bad("Content-Length must be a number.")
            }
        case 17 where Self.equal(name, "transfer-encoding"):
            encodings += 1
            guard Self.equal(value, "chunked") else { throw Self.bad("The only transfer coding is chunked.") }
        default:
            break
        }
    }

    private func checkTotals(isHTTP11: Bool) throws(Refusal) {
        guard hosts == 1 || hosts == 0 && !isHTTP11 else { throw Self.bad("There must be one Host header.") }
        guard lengths + encodings <= 1 else { throw Self.bad("The length of the body is told twice.") }
        guard encodings == 0 || isHTTP11 else { throw Self.bad("HTTP/1.0 has no transfer codings.") }
    }

    static func equal(_ bytes: ArraySlice<UInt8>, _ lower: String) -> Bool {
        bytes.count == lower.utf8.count && zip(bytes, lower.utf8).allSatisfy { lowercased($0) == $1 }
    }
}

/// A token's characters (RFC 9110, section 5.6.2).
private func isTokenCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
        UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default:
        false
    }
}
