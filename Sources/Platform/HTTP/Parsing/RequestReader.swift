/// Parses one connection's bytes into requests, one at a time. Independent of sockets and clocks.
///
/// The buffer of a plain request becomes the request itself: see `PlainHead`. All other requests are read line by line
/// and passed through http_parser. The result is independent of how the bytes are split and of the way they are read.
struct RequestReader {
    /// What the caller has to do next.
    enum Step {
        /// Wait for more bytes.
        case needsBytes
        /// Send 100 Continue, then call `next` again.
        case wantsGoAhead
        /// Decide whether to read a body that may be longer than usual; then call `permit`, or refuse the request.
        case wantsPermit(HTTPRequest)
        /// Serve the request, then call `next` again.
        case request(HTTPExchange)
        /// Answer with the refusal and end the connection.
        case refused(RefusedRequest)
    }

    /// How far the current request has been received.
    enum Phase {
        case idle, head, body
    }

    /// Heap-allocated so that a connection without a request does not pay for it.
    private final class Head {
        let bytes: [UInt8]
        let framing: FramingGuard
        let body: FramingGuard.Body
        let goAheadIsDue: Bool
        var saidGoAhead = false
        /// Whether the body is read only after `permit`.
        var needsPermit: Bool
        /// For a chunked body.
        var chunks: ChunkGuard
        /// For a body with Content-Length: bytes still to come.
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
    /// Created with the first request that is not plain.
    private var parser: HTTPMessageParser?
    private var buffer: [UInt8] = []
    /// The start of the bytes that belong to no request yet.
    private var start = 0
    /// The start of the current line, and how far it was searched for its end.
    private var lineStart = 0
    private var scanned = 0
    private var framing = FramingGuard()
    private var skippedEmptyLine = false
    private var head: Head?
    /// A plain head whose body is still arriving; its bytes stay in the buffer.
    private var plain: PlainHead?
    /// Whether the current request is read line by line.
    private var isReadByLine = false

    /// A buffer up to this size is kept for the next request, so that idle connections use little memory.
    private static let keptCapacity = 2048

    /// - Parameter proxies: the trusted proxies, if the peer is one of them.
    init(_ limits: HTTPLimits, peer: String, proxies: TrustedProxies? = nil) {
        self.limits = limits
        self.peer = peer
        self.proxies = proxies
    }

    /// How many received bytes belong to no request yet.
    var unread: Int { buffer.count - start }

    /// How many bytes are held for incomplete requests and for those read ahead.
    var keptBytes: Int { buffer.count + (head.map { $0.bytes.count + (parser?.bodyCount ?? 0) } ?? 0) }

    /// The counted address of the request whose body is arriving.
    var sender: String? {
        if let plain { return request(of: plain, Array(buffer[start..<start + plain.end])).countedAddress }
        return head.flatMap { request(of: $0, body: []).countedAddress }
    }

    var phase: Phase {
        if head != nil || plain != nil { return .body }
        return unread == 0 ? .idle : .head
    }

    /// Appends bytes from the client.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append($0) }
    }

    /// Appends bytes from a buffer of any kind.
    @unsafe mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        if start > 0 { dropUsed() }
        if buffer.isEmpty, buffer.capacity < bytes.count {
            buffer = unsafe Array(bytes)
        } else {
            unsafe buffer.append(contentsOf: bytes)
        }
    }

    /// Discards everything; no request follows.
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

    /// Parses as far as the received bytes allow.
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

    /// Permits the body of the request whose head was passed out, up to this many bytes or the usual limit if that is
    /// more.
    ///
    /// - Returns: a refusal if the announced body is longer still.
    mutating func permit(upTo bytes: Int) -> RefusedRequest? {
        guard let head, head.needsPermit else { return nil }
        let limit = max(limits.bodyBytes, bytes)
        guard head.remaining <= limit else { return refused(.bodyTooLarge(limit)) }
        head.chunks = ChunkGuard(limit: limit)
        head.needsPermit = false
        return nil
    }

    // MARK: - Plain requests

    /// Returns the next request if it is plain and complete. A plain head whose body is incomplete is cached, so that
    /// it is not parsed again for each packet; a request that is not plain is detected once.
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

    /// Consumes lines; true if the head is complete and valid.
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

    /// Skips one empty line: old clients send one after a body (RFC 9112, section 2.2).
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
        // http_parser and the guard must agree on where the request ends.
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

    /// Builds the refusal of the request that is being received.
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

    /// The `Origin` of the request that is being received, valid or not. Searches all received lines, since the error
    /// may be before the header.
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
