import Glibc

/// The head of a plain request, parsed in one pass: a known method, a path, HTTP/1.1, one Host, at most one
/// Content-Length.
///
/// Nearly all requests are plain. All others (chunked bodies, `Expect`, absolute targets, anything malformed) go
/// through `FramingGuard` and http_parser, which must agree on the request and report what is wrong with it: see
/// docs/adr/0025-plain-requests.md. They interpret a plain head in the same way; `RequestReaderTests` compares both.
struct PlainHead {
    let method: HTTPMethod
    /// The range of path and query; all ranges are relative to the start of the head.
    let target: Range<Int>
    let headers: [HTTPRequest.Header]
    /// The offset after the empty line.
    let end: Int
    /// Content-Length, or 0.
    let length: Int
    let keepsAlive: Bool

    /// Covers what browsers and proxies send, so that nearly all requests need one allocation.
    private static let usualHeaders = 12
    /// Maximum digits of Content-Length: more than any accepted length needs, and no overflow.
    private static let lengthDigits = 18
    /// Length of the name `Content-Length`.
    private static let contentLength = 14
    /// Length of ` HTTP/1.1`, with the space.
    private static let versionLength = 9

    /// Parses a head.
    ///
    /// - Parameter bytes: the received bytes, from the start of the head.
    /// - Returns: `nil` if the head is incomplete or not plain.
    @unsafe init?(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPLimits) {
        guard let base = bytes.baseAddress, let lineEnd = unsafe Self.lineEnd(base, from: 0, bytes.count),
            let (method, targetStart) = unsafe Self.method(base, lineEnd)
        else { return nil }
        // The rest of the request line: target and version.
        let targetEnd = lineEnd - Self.versionLength
        guard targetEnd > targetStart, unsafe base[targetStart] == UInt8(ascii: "/"),
            unsafe base[targetEnd] == UInt8(ascii: " "),
            unsafe UnsafeRawPointer(base).loadUnaligned(fromByteOffset: targetEnd + 1, as: UInt64.self)
                == Self.version,
            unsafe HTTPCharacters.areTarget(base + targetStart, targetEnd - targetStart)
        else { return nil }
        // The header lines, up to the empty line.
        var fields = Fields()
        fields.headers.reserveCapacity(Self.usualHeaders)
        var start = lineEnd + 2
        while true {
            guard let end = unsafe Self.lineEnd(base, from: start, bytes.count) else { return nil }
            if end == start { break }
            guard fields.headers.count < limits.headers, unsafe fields.take(base, start, end) else { return nil }
            start = end + 2
        }
        guard fields.hasHost, start + 2 <= limits.headBytes else { return nil }
        self.method = method
        target = targetStart..<targetEnd
        headers = fields.headers
        end = start + 2
        length = fields.length ?? 0
        keepsAlive = !fields.hasClose
    }

    /// `HTTP/1.1` as a word in memory.
    private static let version = UInt64(littleEndian: 0x312e_312f_5054_5448)

    /// The end of the line that starts at `start`: the offset of its CR. `nil` if the line is incomplete or ends with a
    /// bare LF.
    @unsafe private static func lineEnd(_ base: UnsafePointer<UInt8>, from start: Int, _ count: Int) -> Int? {
        guard start < count, let found = unsafe memchr(base + start, 10, count - start) else { return nil }
        let lineFeed = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        guard lineFeed > start, unsafe base[lineFeed - 1] == 13 else { return nil }
        return lineFeed - 1
    }

    /// The method, and the start of the target. The line has at least the bytes that are loaded; a shorter method would
    /// be compared with the line's own end, which is CR.
    @unsafe private static func method(_ base: UnsafePointer<UInt8>, _ end: Int) -> (HTTPMethod, Int)? {
        // The shortest plain request line is `GET / HTTP/1.1`.
        guard end >= 14 else { return nil }
        let word = unsafe UInt64(littleEndian: UnsafeRawPointer(base).loadUnaligned(as: UInt64.self))
        if word & 0xffff_ffff == 0x2054_4547 { return (.get, 4) }
        if word & 0xff_ffff_ffff == 0x20_5453_4f50 { return (.post, 5) }
        if word & 0xff_ffff_ffff_ffff == 0x20_4554_454c_4544 { return (.delete, 7) }
        if word & 0xff_ffff_ffff == 0x20_4441_4548 { return (.head, 5) }
        if word & 0xffff_ffff == 0x2054_5550 { return (.put, 4) }
        if word & 0xffff_ffff_ffff == 0x2048_4354_4150 { return (.patch, 6) }
        return nil
    }

    /// The header lines parsed so far.
    private struct Fields {
        var headers: [HTTPRequest.Header] = []
        var hasHost = false
        var length: Int?
        var hasClose = false

        /// Takes a line; false if it is not plain.
        @unsafe mutating func take(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
            var colon = unsafe PlainHead.colon(base, start, end)
            // Of the usual names, only Content-Length matters for framing.
            let isNoted = colon > start && colon - start != PlainHead.contentLength
            while colon < end, unsafe HTTPCharacters.isTokenByte(base[colon]) { colon &+= 1 }
            guard colon > start, colon < end, unsafe base[colon] == UInt8(ascii: ":") else { return false }
            var first = colon + 1
            var last = end
            while first < last, unsafe base[first] == 32 || base[first] == 9 { first &+= 1 }
            while last > first, unsafe base[last - 1] == 32 || base[last - 1] == 9 { last &-= 1 }
            guard unsafe HTTPCharacters.areValue(base + first, last - first) else { return false }
            let name = unsafe UnsafeBufferPointer(start: base + start, count: colon - start)
            let value = unsafe UnsafeBufferPointer(start: base + first, count: last - first)
            guard unsafe isNoted || note(name, value, hasTab: last < end && base[end - 1] == 9) else { return false }
            headers.append(HTTPRequest.Header(name: start..<colon, value: first..<last))
            return true
        }

        /// Whether a four-byte token equals `host`, ignoring case.
        @unsafe private static func isHost(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
            guard let base = name.baseAddress else { return false }
            let letters = unsafe UInt32(littleEndian: UnsafeRawPointer(base).loadUnaligned(as: UInt32.self))
            // Among token bytes, setting this bit maps only the capital letter to its lower-case letter.
            return letters | 0x2020_2020 == 0x7473_6f68
        }

        @unsafe private mutating func note(
            _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, hasTab: Bool
        ) -> Bool {
            switch name.count {
            case 4 where unsafe Self.isHost(name):
                defer { hasHost = true }
                return unsafe !hasHost && HTTPCharacters.isUsualHost(value)
            case 6 where unsafe HTTPCharacters.equal(name, "expect"):
                return false
            case 10 where unsafe HTTPCharacters.equal(name, "connection"):
                if unsafe HTTPCharacters.equal(value, "keep-alive") { return true }
                hasClose = true
                return unsafe HTTPCharacters.equal(value, "close")
            case PlainHead.contentLength where unsafe HTTPCharacters.equal(name, "content-length"):
                guard length == nil, !hasTab, !value.isEmpty, value.count <= PlainHead.lengthDigits else {
                    return false
                }
                var number = 0
                for index in 0..<value.count {
                    let digit = unsafe value[index] &- 48
                    guard digit < 10 else { return false }
                    number = number &* 10 &+ Int(digit)
                }
                length = number
                return true
            case 17...
            where unsafe HTTPCharacters.equal(
                UnsafeBufferPointer(rebasing: name[..<17]), "transfer-encoding"):
                return false
            default:
                return true
            }
        }
    }
}
