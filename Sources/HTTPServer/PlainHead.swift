import Glibc

/// The head of a plain request, read in one pass: a known method, a path, HTTP/1.1, one Host, perhaps one Content-Length.
///
/// Nearly all requests are plain. Whatever is not (chunked bodies, `Expect`, absolute targets, anything malformed) is left to
/// `FramingGuard` and http_parser, which say what is wrong with it and must agree about it: see
/// docs/adr/0025-plain-requests.md. A head that is plain here means the same to them; `RequestReaderTests` holds the two
/// against each other.
struct PlainHead {
    let method: HTTPMethod
    /// Where path and query lie, told from the head's beginning, as all that follows.
    let target: Range<Int>
    let headers: [HTTPRequest.Header]
    /// Behind the empty line.
    let end: Int
    /// How many bytes the body has.
    let length: Int
    let keepsAlive: Bool

    /// What browsers and proxies send: one allocation for nearly all requests.
    private static let usualHeaders = 12
    /// More digits than any length that is not refused, and no overflow.
    private static let lengthDigits = 18
    /// How many characters `Content-Length` has.
    private static let contentLength = 14
    /// `HTTP/1.1` and the space before it.
    private static let versionLength = 9

    /// Reads a head.
    ///
    /// - Parameter bytes: what has arrived, from the head's beginning.
    /// - Returns: `nil` when it is not whole, or not plain.
    @unsafe init?(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPLimits) {
        guard let base = bytes.baseAddress, let lineEnd = unsafe Self.lineEnd(base, from: 0, bytes.count),
            let (method, targetStart) = unsafe Self.method(base, lineEnd)
        else { return nil }
        let targetEnd = lineEnd - Self.versionLength
        guard targetEnd > targetStart, unsafe base[targetStart] == UInt8(ascii: "/"),
            unsafe base[targetEnd] == UInt8(ascii: " "),
            unsafe UnsafeRawPointer(base).loadUnaligned(fromByteOffset: targetEnd + 1, as: UInt64.self)
                == Self.version,
            unsafe HTTPCharacters.areTarget(base + targetStart, targetEnd - targetStart)
        else { return nil }
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
        keepsAlive = !fields.saysClose
    }

    /// `HTTP/1.1`, as it lies in memory.
    private static let version = UInt64(littleEndian: 0x312e_312f_5054_5448)

    /// Where the line ends that begins at `start`: at its CR. `nil` when its end is not there, or a bare LF.
    @unsafe private static func lineEnd(_ base: UnsafePointer<UInt8>, from start: Int, _ count: Int) -> Int? {
        guard start < count, let found = unsafe memchr(base + start, 10, count - start) else { return nil }
        let lineFeed = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        guard lineFeed > start, unsafe base[lineFeed - 1] == 13 else { return nil }
        return lineFeed - 1
    }

    /// The method, and where the target begins. The line has at least the bytes that are looked at: what is shorter is
    /// compared with its own end, which is CR.
    @unsafe private static func method(_ base: UnsafePointer<UInt8>, _ end: Int) -> (HTTPMethod, Int)? {
        // The shortest line that may be plain is `GET / HTTP/1.1`.
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

    /// The header lines so far.
    private struct Fields {
        var headers: [HTTPRequest.Header] = []
        var hasHost = false
        var length: Int?
        var saysClose = false

        /// Takes a line; false when it is not plain.
        @unsafe mutating func take(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
            var colon = unsafe PlainHead.colon(base, start, end)
            // Of the usual names only one says anything of the head itself.
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

        /// Whether four bytes of a token spell `host` in whatever case.
        @unsafe private static func isHost(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
            guard let base = name.baseAddress else { return false }
            let letters = unsafe UInt32(littleEndian: UnsafeRawPointer(base).loadUnaligned(as: UInt32.self))
            // Of the bytes of a token none but the capital becomes such a letter by this bit.
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
                saysClose = true
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
