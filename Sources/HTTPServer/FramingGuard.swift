/// What http_parser lets pass and must not: everything over which two servers could disagree where a request ends or
/// what it asks for (RFC 9112, sections 2.2, 3.2, 5, 6; request smuggling). Takes a head line by line.
struct FramingGuard {
    /// How the body's end is told.
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// `nil` before the request line, and for a method that is not known here.
    private(set) var method: HTTPMethod?
    /// Whether the request line has been taken.
    private(set) var hasBegun = false
    private(set) var isHTTP11 = false
    private(set) var headers: [HTTPRequest.Header] = []
    /// Where the target lies, told from the head's beginning.
    private(set) var target = 0..<0
    private(set) var expectation: Expectation = .none
    private var saysClose = false
    private var saysKeepAlive = false
    private var length: Int?
    private var hosts = 0
    private var lengths = 0
    private var encodings = 0

    /// Whether the client wants the connection to go on (RFC 9112, section 9.3). http_parser would know too, but
    /// takes a trailer's word for it and stumbles over tabs.
    var keepsAlive: Bool { !saysClose && (isHTTP11 || saysKeepAlive) }

    /// RFC 9110, section 10.1.1.
    enum Expectation {
        case none, goAhead, unknown
    }

    /// More digits than any length that is not refused, and no overflow.
    private static let lengthDigits = 18

    /// What browsers and proxies send: one allocation for nearly all requests.
    private static let usualHeaders = 16

    /// Checks one line.
    ///
    /// - Parameters:
    ///   - line: without its CR LF, in `bytes`.
    ///   - start: where the head begins in `bytes`.
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

    /// Judges the head as a whole.
    func end() throws(Refusal) -> Body {
        guard hosts == 1 || hosts == 0 && !isHTTP11 else { throw .malformed("There must be one Host header.") }
        guard lengths + encodings <= 1 else { throw .malformed("The length of the body is told twice.") }
        guard encodings == 0 || isHTTP11 else { throw .malformed("HTTP/1.0 has no transfer codings.") }
        guard method != nil else { throw .unknownMethod }
        if encodings > 0 { return .chunked }
        guard let length, length > 0 else { return .none }
        return .length(length)
    }

    /// Checks a trailer of a chunked body, which must not tell another length or host.
    static func checkTrailer(_ line: ArraySlice<UInt8>) throws(Refusal) {
        var framing = FramingGuard()
        let (name, value) = try field(line)
        try framing.note(line, line[name], line[value])
        guard framing.hosts + framing.lengths + framing.encodings == 0 else {
            throw .malformed("A trailer cannot tell a host or a length.")
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
        // What another method's target looks like is its own business; it is refused once its headers are known.
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

    /// The path and query of a target, empty for an absolute one without either; its host counts instead of the
    /// header, which nothing here reads (RFC 9112, section 3.2.2).
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

    /// Where a field's name and value lie.
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

    /// Without the blanks and tabs around it.
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
            // A tab behind the value is allowed, but http_parser, for one, stumbles over it; so for the coding below.
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
            // http_parser takes it for the coding itself; so may others.
            throw .malformed("A header's name only begins as Transfer-Encoding.")
        case 10 where HTTPCharacters.equal(name, "connection"):
            var rest = value
            while !rest.isEmpty {
                let element = rest.prefix { $0 != UInt8(ascii: ",") }
                rest = rest[element.endIndex...].dropFirst()
                let option = Self.trimmed(element)
                saysClose = saysClose || HTTPCharacters.equal(option, "close")
                saysKeepAlive = saysKeepAlive || HTTPCharacters.equal(option, "keep-alive")
            }
        default:
            break
        }
    }
}
