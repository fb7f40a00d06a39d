/// Turns one connection's bytes into requests, one at a time; knows neither sockets nor clocks.
///
/// A plain request becomes its buffer: see `PlainHead`. All others are read line by line, past http_parser. However the
/// bytes are cut, and whichever way they are read, the outcome is the same.
struct RequestReader {
    /// What is to be done.
    enum Step {
        /// Nothing, until more bytes come.
        case needsBytes
        /// Tell the client to send the body, then ask again.
        case wantsGoAhead
        /// Judge this head, whose body may be longer than usual, and call `permit` or refuse it.
        case wantsPermit(HTTPRequest)
        /// Serve it, then ask again.
        case request(HTTPExchange)
        /// Say so and end the connection.
        case refused(RefusedRequest)
    }

    /// Where in a request the bytes so far end.
    enum Phase {
        case idle, head, body
    }

    /// Lies apart, for a connection without a request needs none.
    private final class Head {
        let bytes: [UInt8]
        let framing: FramingGuard
        let body: FramingGuard.Body
        let goAheadIsDue: Bool
        var saidGoAhead = false
        /// Whether the body is read only once somebody permits it.
        var needsPermit: Bool
        /// Of a chunked body.
        var chunks: ChunkGuard
        /// Of a body whose length is told.
        var remaining: Int
        var isComplete: Bool

        init(bytes: [UInt8], framing: FramingGuard, body: FramingGuard.Body, length: Int, limit: Int, needsPermit: Bool)
        {
            self.needsPermit = needsPermit
            self.bytes = bytes
            self.framing = framing
            self.body = body
            goAheadIsDue = framing.expectation == .goAhead && body != .none
            chunks = ChunkGuard(limit: limit)
            remaining = length
            isComplete = body == .none
        }
    }

    private let limits: HTTPLimits
    private let peer: String
    private let proxies: TrustedProxies?
    /// Made when a request comes that is not plain.
    private var parser: HTTPMessageParser?
    private var buffer: [UInt8] = []
    /// Where in the buffer the bytes begin that belong to no request yet.
    private var start = 0
    /// Where the present line begins, and up to where it was looked for its end.
    private var lineStart = 0
    private var scanned = 0
    private var framing = FramingGuard()
    private var skippedEmptyLine = false
    private var head: Head?
    /// A plain head whose body is still arriving; it stays in the buffer.
    private var plain: PlainHead?
    /// Whether the present request is read line by line.
    private var isReadByLine = false

    /// A request's buffer is kept for the next one up to this size, so that idle connections cost little.
    private static let keptCapacity = 2048

    /// - Parameter proxies: those that are trusted, when the peer is one of them.
    init(_ limits: HTTPLimits, peer: String, proxies: TrustedProxies? = nil) {
        self.limits = limits
        self.peer = peer
        self.proxies = proxies
    }

    /// How many bytes wait.
    var unread: Int { buffer.count - start }

    /// How many bytes are kept of a request that is not whole, or not asked for.
    var keptBytes: Int { buffer.count + (head.map { $0.bytes.count + (parser?.bodyCount ?? 0) } ?? 0) }

    /// Whose request it is whose body is arriving, as addresses are counted.
    var sender: String? {
        if let plain { return request(of: plain, Array(buffer[start..<start + plain.end])).countedAddress }
        return head.flatMap { request(of: $0, body: []).countedAddress }
    }

    var phase: Phase {
        if head != nil || plain != nil { return .body }
        return unread == 0 ? .idle : .head
    }

    /// Takes bytes from the client.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append($0) }
    }

    /// The same of bytes that lie anywhere.
    @unsafe mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        if start > 0 { dropUsed() }
        if buffer.isEmpty, buffer.capacity < bytes.count {
            buffer = unsafe Array(bytes)
        } else {
            unsafe buffer.append(contentsOf: bytes)
        }
    }

    /// Forgets what there is; no request follows.
    mutating func discard() {
        buffer = []
        start = 0
        lineStart = 0
        scanned = 0
        framing = FramingGuard()
        head = nil
        plain = nil
        isReadByLine = false
        parser = nil
    }

    /// Goes on with what is there.
    mutating func next() -> Step {
        if !isReadByLine {
            if let request = takePlain() { return .request(request) }
            if plain != nil || unread == 0 { return .needsBytes }
            isReadByLine = true
        }
        do throws(Refusal) {
            if head == nil { guard try readHead() else { return .needsBytes } }
            guard let current = head else { return .needsBytes }
            if current.needsPermit { return .wantsPermit(request(of: current, body: [])) }
            if current.goAheadIsDue, !current.saidGoAhead {
                current.saidGoAhead = true
                if unread == 0 { return .wantsGoAhead }
            }
            try readBody(of: current)
            guard current.isComplete else { return .needsBytes }
            head = nil
            isReadByLine = false
            return .request(complete(current))
        } catch {
            return .refused(refused(error))
        }
    }

    /// The body of the request whose head was judged may have so many bytes, or as many as usual where that is more.
    ///
    /// - Returns: the refusal of a body that is longer still.
    mutating func permit(upTo bytes: Int) -> RefusedRequest? {
        guard let head, head.needsPermit else { return nil }
        let limit = max(limits.bodyBytes, bytes)
        guard head.remaining <= limit else { return refused(.bodyTooLarge(limit)) }
        head.chunks = ChunkGuard(limit: limit)
        head.needsPermit = false
        return nil
    }

    // MARK: - Plain requests

    /// The next request, if it is plain and whole. What is plain and not whole is remembered, so that its head is not read
    /// again with each packet of its body; what is not plain is found out once.
    private mutating func takePlain() -> HTTPExchange? {
        guard !limits.readsByLine, unread > 0 else { return nil }
        guard let head = plain ?? readPlainHead(), head.length <= limits.bodyBytes else { return nil }
        let end = start + head.end + head.length
        guard end <= buffer.count else {
            plain = head
            return nil
        }
        plain = nil
        let bytes: [UInt8]
        if start == 0, end == buffer.count {
            bytes = buffer
            buffer = []
        } else {
            bytes = Array(buffer[start..<end])
            start = end
            if start == buffer.count { dropUsed() }
        }
        lineStart = start
        scanned = start
        return HTTPExchange(request(of: head, bytes), keepsAlive: head.keepsAlive, isHTTP11: true)
    }

    private func readPlainHead() -> PlainHead? {
        unsafe buffer.withUnsafeBufferPointer { buffer in
            unsafe PlainHead(UnsafeBufferPointer(rebasing: buffer[start...]), limits)
        }
    }

    private func request(of head: PlainHead, _ bytes: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: head.method, target: head.target, bytes: bytes, headers: head.headers, body: head.end..<bytes.count,
            peer: peer, proxies: proxies)
    }

    // MARK: - Head

    /// Takes lines; true when the head is whole and in order.
    private mutating func readHead() throws(Refusal) -> Bool {
        while let lineFeed = buffer[scanned...].firstIndex(of: 10) {
            guard lineFeed - start < limits.headBytes else { throw headTooLarge }
            guard lineFeed > lineStart, buffer[lineFeed - 1] == 13 else {
                throw .malformed("A line must end with CR LF.")
            }
            let line = lineStart..<lineFeed - 1
            scanned = lineFeed + 1
            lineStart = scanned
            if !line.isEmpty {
                try framing.take(line, of: buffer, headStart: start, maximumHeaders: limits.headers)
            } else if framing.hasBegun {
                try beginBody()
                return true
            } else {
                try skipEmptyLine()
            }
        }
        scanned = buffer.count
        guard unread <= limits.headBytes else { throw headTooLarge }
        return false
    }

    private var headTooLarge: Refusal {
        .headersTooLarge("The request line and headers are longer than \(limits.headBytes) bytes.")
    }

    /// Old clients send one after a body (RFC 9112, section 2.2).
    private mutating func skipEmptyLine() throws(Refusal) {
        guard !skippedEmptyLine else { throw .malformed("The request line is missing.") }
        skippedEmptyLine = true
        start = scanned
    }

    private mutating func beginBody() throws(Refusal) {
        let body = try framing.end()
        guard framing.expectation != .unknown else { throw .unknownExpectation }
        let length = if case .length(let told) = body { told } else { 0 }
        let bytes = Array(buffer[start..<scanned])
        let parser = parser ?? HTTPMessageParser()
        self.parser = parser
        parser.reset()
        // Both must agree on where the request ends.
        guard parser.consume(bytes[...]) == (body == .none ? .complete(bytes.count) : .partial) else {
            throw disagreement
        }
        head = Head(
            bytes: bytes, framing: framing, body: body, length: length, limit: limits.bodyBytes,
            needsPermit: body == .chunked || length > limits.bodyBytes)
        start = scanned
    }

    private var disagreement: Refusal { .malformed("The request is malformed.") }

    // MARK: - Body

    private mutating func readBody(of head: Head) throws(Refusal) {
        let rest = buffer[start...]
        guard !head.isComplete, !rest.isEmpty else { return }
        let (count, isEnd): (Int, Bool)
        if head.body == .chunked {
            (count, isEnd) = try head.chunks.follow(rest)
        } else {
            count = min(head.remaining, rest.count)
            isEnd = count == head.remaining
            head.remaining -= count
        }
        guard parser?.consume(rest.prefix(count)) == (isEnd ? .complete(count) : .partial) else { throw disagreement }
        start += count
        head.isComplete = isEnd
        if start == buffer.count { dropUsed() }
    }

    private mutating func complete(_ head: Head) -> HTTPExchange {
        if start == buffer.count { dropUsed() }
        lineStart = start
        scanned = start
        framing = FramingGuard()
        skippedEmptyLine = false
        let request = request(of: head, body: parser?.takeBody() ?? [])
        return HTTPExchange(request, keepsAlive: head.framing.keepsAlive, isHTTP11: head.framing.isHTTP11)
    }

    private func request(of head: Head, body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: head.framing.method ?? .get, target: head.framing.target, bytes: head.bytes,
            headers: head.framing.headers, decodedBody: body, peer: peer, proxies: proxies)
    }

    private mutating func dropUsed() {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
        } else {
            buffer.removeSubrange(..<start)
        }
        lineStart = max(0, lineStart - start)
        scanned = max(0, scanned - start)
        start = 0
    }

    /// A refusal of the request that the bytes so far begin.
    func refused(_ refusal: Refusal) -> RefusedRequest {
        if let plain {
            return RefusedRequest(
                refusal: refusal, requestID: HTTPRequest.givenID(Array(buffer[start...]), plain.headers),
                isHead: plain.method == .head, origin: origin)
        }
        let framing = head?.framing ?? framing
        let requestID = HTTPRequest.givenID(head?.bytes ?? Array(buffer[start...]), framing.headers)
        return RefusedRequest(
            refusal: refusal, requestID: requestID, isHead: framing.method == .head, origin: origin)
    }

    /// The `Origin` of the request that the bytes so far begin, in order or not: looked for in all that came, for what is
    /// wrong with a head may stand before it.
    private var origin: String? {
        var rest = head?.bytes[...] ?? buffer[start...]
        while let lineFeed = rest.firstIndex(of: 10) {
            rest = rest[(lineFeed + 1)...]
            guard HTTPCharacters.starts(rest, with: "origin:") else { continue }
            let value = rest.dropFirst(7).prefix { $0 != 13 && $0 != 10 }.drop { $0 == 32 || $0 == 9 }
            return value.allSatisfy { $0 > 32 && $0 < 127 } ? String(decoding: value, as: UTF8.self) : nil
        }
        return nil
    }
}
