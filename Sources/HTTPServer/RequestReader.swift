/// Turns one connection's bytes into requests, one at a time; knows neither sockets nor clocks.
///
/// However the bytes are cut, the outcome is the same.
struct RequestReader {
    /// What is to be done.
    enum Step {
        /// Nothing, until more bytes come.
        case needsBytes
        /// Tell the client to send the body, then ask again.
        case wantsGoAhead
        /// Serve it, then ask again.
        case request(ReceivedRequest)
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
        /// Of a chunked body.
        var chunks: ChunkGuard
        /// Of a body whose length is told.
        var remaining: Int
        var isComplete: Bool

        init(bytes: [UInt8], framing: FramingGuard, body: FramingGuard.Body, length: Int, limit: Int) {
            self.bytes = bytes
            self.framing = framing
            self.body = body
            goAheadIsDue = framing.expectation == .goAhead && body != .none
            chunks = ChunkGuard(limit: limit)
            remaining = length
            isComplete = body == .none
        }
    }

    /// What all readers of a server have in common.
    final class Rules {
        let limits: HTTPLimits
        /// How many bytes the body of a request to this path may have; asked only about a body that `limits` would
        /// refuse, or whose length is not told.
        let bodyLimit: (HTTPMethod, _ path: String) -> Int

        init(limits: HTTPLimits, bodyLimit: @escaping (HTTPMethod, _ path: String) -> Int) {
            self.limits = limits
            self.bodyLimit = bodyLimit
        }
    }

    private let rules: Rules
    private let peer: String
    private let proxies: TrustedProxies?
    private let parser = HTTPMessageParser()
    private var buffer: [UInt8] = []
    /// Where in the buffer the bytes begin that belong to no request yet.
    private var start = 0
    /// Where the present line begins, and up to where it was looked for its end.
    private var lineStart = 0
    private var scanned = 0
    private var framing = FramingGuard()
    private var skippedEmptyLine = false
    private var head: Head?

    /// A request's buffer is kept for the next one up to this size, so that idle connections cost little.
    private static let keptCapacity = 2048

    /// - Parameter proxies: those that are trusted, when the peer is one of them.
    init(_ rules: Rules, peer: String, proxies: TrustedProxies? = nil) {
        self.rules = rules
        self.peer = peer
        self.proxies = proxies
    }

    private var limits: HTTPLimits { rules.limits }

    /// How many bytes wait.
    var unread: Int { buffer.count - start }

    /// How many bytes are kept of a request that is not whole, or not asked for.
    var keptBytes: Int { buffer.count + (head?.bytes.count ?? 0) + parser.bodyCount }

    var phase: Phase {
        if head != nil { return .body }
        return unread == 0 ? .idle : .head
    }

    /// Takes bytes from the client.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        if start > 0 { dropUsed() }
        buffer.append(contentsOf: bytes)
    }

    /// Forgets what there is; no request follows.
    mutating func discard() {
        buffer = []
        start = 0
        lineStart = 0
        scanned = 0
        framing = FramingGuard()
        head = nil
        parser.reset()
    }

    /// Goes on with what is there.
    mutating func next() -> Step {
        do throws(Refusal) {
            if head == nil {
                guard try readHead() else { return .needsBytes }
                if head?.goAheadIsDue == true, unread == 0 { return .wantsGoAhead }
            }
            guard let current = head else { return .needsBytes }
            try readBody(of: current)
            guard current.isComplete else { return .needsBytes }
            head = nil
            return .request(complete(current))
        } catch {
            return .refused(refused(error))
        }
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
        let limit = body == .chunked || length > limits.bodyBytes ? routeLimit : limits.bodyBytes
        guard length <= limit else { throw .bodyTooLarge(limit) }
        let bytes = Array(buffer[start..<scanned])
        parser.reset()
        // Both must agree on where the request ends.
        guard parser.consume(bytes[...]) == (body == .none ? .complete(bytes.count) : .partial) else {
            throw disagreement
        }
        head = Head(bytes: bytes, framing: framing, body: body, length: length, limit: limit)
        start = scanned
    }

    private var routeLimit: Int {
        let target = buffer[start + framing.target.lowerBound..<start + framing.target.upperBound]
        let path = HTTPRequest.path(of: target, framing.method ?? .get)
        return max(limits.bodyBytes, rules.bodyLimit(framing.method ?? .get, path))
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
        guard parser.consume(rest.prefix(count)) == (isEnd ? .complete(count) : .partial) else { throw disagreement }
        start += count
        head.isComplete = isEnd
        if start == buffer.count { dropUsed() }
    }

    private mutating func complete(_ head: Head) -> ReceivedRequest {
        if start == buffer.count { dropUsed() }
        lineStart = start
        scanned = start
        framing = FramingGuard()
        skippedEmptyLine = false
        let request = HTTPRequest(
            method: head.framing.method ?? .get, target: head.framing.target, head: head.bytes,
            headers: head.framing.headers, body: parser.takeBody(), peer: peer, proxies: proxies)
        return ReceivedRequest(request: request, keepsAlive: head.framing.keepsAlive, isHTTP11: head.framing.isHTTP11)
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
        let framing = head?.framing ?? framing
        let requestID = HTTPRequest.givenID(head?.bytes ?? Array(buffer[start...]), framing.headers)
        return RefusedRequest(refusal: refusal, requestID: requestID, isHead: framing.method == .head)
    }
}

/// A request, and how to answer it.
struct ReceivedRequest {
    let request: HTTPRequest
    /// Whether the client wants the connection to go on.
    let keepsAlive: Bool
    let isHTTP11: Bool
}
