/// Refuses what http_parser accepts although two servers could disagree about where the request ends or what it asks
/// for (RFC 9112, sections 2.2, 3.2, 5, 6; request smuggling). Takes a head line by line.
struct FramingGuard {
    /// How the body is delimited.
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// `nil` before the request line, and for an unknown method.
    private(set) var method: HTTPMethod?
    /// Whether the request line has been taken.
    private(set) var hasBegun = false
    private(set) var isHTTP11 = false
    private(set) var headers: [HTTPRequest.Header] = []
    /// The target's range, relative to the start of the head.
    private(set) var target = 0..<0
    private(set) var expectation: Expectation = .none
    private var hasClose = false
    private var hasKeepAlive = false
    private var length: Int?
    private var hosts = 0
    private var lengths = 0
    private var encodings = 0

    /// Whether the client wants to keep the connection open (RFC 9112, section 9.3). http_parser's own answer is not
    /// used: it honours trailers and mishandles tabs.
    var keepsAlive: Bool { !hasClose && (isHTTP11 || hasKeepAlive) }

    /// The Expect header (RFC 9110, section 10.1.1).
    enum Expectation {
        case none, goAhead, unknown
    }

    /// Maximum digits of Content-Length: more than any accepted length needs, and no overflow.
    private static let lengthDigits = 18

    /// Covers what browsers and proxies send, so that nearly all requests need one allocation.
    private static let usualHeaders = 16

    /// Checks one line.
    ///
    /// - Parameters:
    ///   - line: the line in `bytes`, without its CR LF.
    ///   - start: the start of the head in `bytes`.
    mutating func take(
        _ line: Range<Int>, of bytes: [UInt8], headStart start: Int, maximumHeaders: Int
    ) throws(Refusal) {
        guard hasBegun else { return try takeRequestLine(bytes[line], start) }
        guard headers.count < maximumHeaders else {
            throw .headersTooLarge("More than \(maximumHeaders) headers.")
        }
        let (name, value) = try Self.field(bytes[line])
        try note(bytes[line], bytes[name], bytes[value])
        headers.append(
            HTTPRequest.Header(
                name: name.lowerBound - start..<name.upperBound - start,
                value: value.lowerBound - start..<value.upperBound - start))
    }

    /// Validates the head as a whole.
    func end() throws(Refusal) -> Body {
        guard hosts == 1 || hosts == 0 && !isHTTP11 else { throw .malformed("There must be one Host header.") }
        guard lengths + encodings <= 1 else { throw .malformed("The length of the body is given twice.") }
        guard encodings == 0 || isHTTP11 else { throw .malformed("HTTP/1.0 has no transfer codings.") }
        guard method != nil else { throw .unknownMethod }
        if encodings > 0 { return .chunked }
        guard let length, length > 0 else { return .none }
        return .length(length)
    }

    /// Checks a trailer of a chunked body, which must not contain another length or host.
    static func checkTrailer(_ line: ArraySlice<UInt8>) throws(Refusal) {
        var framing = FramingGuard()
        let (name, value) = try field(line)
        try framing.note(line, line[name], line[value])
        guard framing.hosts + framing.lengths + framing.encodings == 0 else {
            throw .malformed("A trailer cannot give a host or a length.")
        }
    }

    private mutating func takeRequestLine(_ line: ArraySlice<UInt8>, _ start: Int) throws(Refusal) {
        let space = UInt8(ascii: " ")
        guard let first = line.firstIndex(of: space), let last = line.lastIndex(of: space), first + 1 < last,
            first > line.startIndex, line[..<first].allSatisfy(HTTPCharacters.isToken),
            line[(first + 1)..<last].allSatisfy(HTTPCharacters.isTarget)
        else { throw .malformed("The request line is malformed.") }
        isHTTP11 = try Self.checkVersion(line[(last + 1)...])
        hasBegun = true
        headers.reserveCapacity(Self.usualHeaders)
        method = HTTPMethod(rawValue: String(decoding: line[..<first], as: UTF8.self))
        // The target of an unknown method is not parsed; the request is refused after its headers have been read.
        guard let method else { return }
        let form = try Self.originForm(line[(first + 1)..<last], isOptions: method == .options)
        target = form.lowerBound - start..<form.upperBound - start
    }

    /// Whether it is HTTP/1.1.
    private static func checkVersion(_ version: ArraySlice<UInt8>) throws(Refusal) -> Bool {
        if version.elementsEqual("HTTP/1.1".utf8) { return true }
        if version.elementsEqual("HTTP/1.0".utf8) { return false }
        let digits = version.suffix(3)
        guard version.count == 8, version.starts(with: "HTTP/".utf8), let major = digits.first,
            let minor = digits.last, HTTPCharacters.isDigit(major), HTTPCharacters.isDigit(minor),
            digits.dropFirst().first == UInt8(ascii: ".")
        else { throw .malformed("The request line is malformed.") }
        throw .unknownVersion
    }

    /// The range of a target's path and query; empty for an absolute target without either. An absolute target's host
    /// takes precedence over the Host header, which no code here reads (RFC 9112, section 3.2.2).
    private static func originForm(_ target: ArraySlice<UInt8>, isOptions: Bool) throws(Refusal) -> Range<Int> {
        if target.first == UInt8(ascii: "/") || isOptions && target.elementsEqual("*".utf8) { return target.indices }
        for scheme: StaticString in ["http://", "https://"] where HTTPCharacters.starts(target, with: scheme) {
            let rest = target.dropFirst(scheme.utf8CodeUnitCount)
            let host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            guard HTTPCharacters.isHost(host) else { break }
            return host.endIndex..<rest.endIndex
        }
        throw .malformed("The request target must be a path or an http address.")
    }

    /// The ranges of a field's name and value.
    private static func field(_ line: ArraySlice<UInt8>) throws(Refusal) -> (name: Range<Int>, value: Range<Int>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            throw .malformed("A header has no name.")
        }
        guard line[..<colon].allSatisfy(HTTPCharacters.isToken) else {
            throw .malformed("A header's name is malformed, or the header is folded.")
        }
        let value = line[(colon + 1)...]
        guard value.allSatisfy(HTTPCharacters.isValue) else {
            throw .malformed("A header's value contains control characters.")
        }
        return (line.startIndex..<colon, trimmed(value).indices)
    }

    /// Strips leading and trailing blanks and tabs.
    private static func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var value = value
        while let first = value.first, first == 32 || first == 9 { value.removeFirst() }
        while let last = value.last, last == 32 || last == 9 { value.removeLast() }
        return value
    }

    private mutating func note(
        _ line: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>
    ) throws(Refusal) {
        switch name.count {
        case 4 where HTTPCharacters.equal(name, "host"):
            hosts += 1
            guard HTTPCharacters.isHost(value) else { throw .malformed("Host must be a name and perhaps a port.") }
        case 6 where HTTPCharacters.equal(name, "expect") && isHTTP11:
            let isKnown = HTTPCharacters.equal(value, "100-continue") && expectation != .unknown
            expectation = isKnown ? .goAhead : .unknown
        case 14 where HTTPCharacters.equal(name, "content-length"):
            lengths += 1
            // A tab after the value is allowed, but http_parser, for one, mishandles it; the same holds for the coding
            // below.
            guard line.last != 9, value.count <= Self.lengthDigits, value.allSatisfy(HTTPCharacters.isDigit),
                let number = Int(String(decoding: value, as: UTF8.self))
            else { throw .malformed("Content-Length must be a number.") }
            length = number
        case 17 where HTTPCharacters.equal(name, "transfer-encoding"):
            encodings += 1
            guard line.last != 9, HTTPCharacters.equal(value, "chunked") else {
                throw .malformed("The only transfer coding is chunked.")
            }
        case 18... where HTTPCharacters.starts(name, with: "transfer-encoding"):
            // http_parser treats such a name as Transfer-Encoding itself; other servers may as well.
            throw .malformed("A header's name has Transfer-Encoding as a prefix.")
        case 10 where HTTPCharacters.equal(name, "connection"):
            var rest = value
            while !rest.isEmpty {
                let element = rest.prefix { $0 != UInt8(ascii: ",") }
                rest = rest[element.endIndex...].dropFirst()
                let option = Self.trimmed(element)
                hasClose = hasClose || HTTPCharacters.equal(option, "close")
                hasKeepAlive = hasKeepAlive || HTTPCharacters.equal(option, "keep-alive")
            }
        default:
            break
        }
    }
}
