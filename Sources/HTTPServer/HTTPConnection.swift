import EventLoop
import Glibc

/// One client's connection: bytes in, requests out, answers in, bytes out. Lives on its server's loop.
///
/// Requests are served one after another, so answers are in order; what a client sends meanwhile is read up to one
/// more request and then left in the socket.
@safe final class HTTPConnection {
    let descriptor: Int32
    /// By which its connections are counted; `nil` for a trusted proxy.
    let address: String?
    /// Whether its address has as many connections as it may without this one.
    let isTurnedAway: Bool

    private enum State {
        case open
        /// The last answer is on its way: what still comes is thrown away, so that the client gets to read it.
        case ending
        case closed
    }

    private let server: HTTPServer
    private let watch: DescriptorWatch
    private var reader: RequestReader
    private var output = OutputQueue()
    private var state = State.open
    private var waiting: UnsafeContinuation<Next, Never>?
    private var drained: UnsafeContinuation<Void, Never>?
    private var stream: (body: HTTPResponseStream, isChunked: Bool)?
    private var streamEnded: UnsafeContinuation<Void, Never>?
    private var readDeadline: Int64 { didSet { server.mayCut(at: readDeadline) } }
    /// What `readDeadline` is for.
    private var timedPhase: RequestReader.Phase?
    private var isDirty = false
    private var clientEnded = false
    /// How often something came from the client, its end included.
    private var readings = 0
    /// Whether a request is being answered.
    private var isServing = false
    /// Whose request is arriving, once its head is there; behind a proxy it is not known before.
    private var sender: String?
    /// Whom the stream counts for; `nil` when there is none, or it is not counted.
    private var listener: String?
    private let identifier: UInt64
    private let reference = Reference()
    /// What the ledger was last told that is kept here, of requests and of answers.
    private var arriving = (bytes: 0, mayEnd: true)
    private var unsent = 0

    init(
        server: HTTPServer, descriptor: Int32, peer: String, address: String?, isTurnedAway: Bool
    ) throws(EventLoopError) {
        self.server = server
        self.descriptor = descriptor
        self.address = address
        self.isTurnedAway = isTurnedAway
        identifier = server.ledger.makeIdentifier()
        sender = address
        let proxies = server.trustedProxies.flatMap { $0.contains(peer) ? $0 : nil }
        reader = RequestReader(server.limits, peer: peer, proxies: proxies)
        let time = isTurnedAway ? server.limits.turnedAwayTime : server.limits.headTime
        readDeadline = monotonicNanoseconds() + time.nanoseconds
        timedPhase = .idle
        let reference = reference
        watch = try DescriptorWatch(
            loop: server.loop, descriptor: descriptor, onRead: { reference.connection?.readable() },
            onWrite: { reference.connection?.markDirty() })
        reference.connection = self
        watch.reading = true
    }

    // SAFETY of @unchecked: touched on the connection's loop only.
    private final class Reference: @unchecked Sendable {
        weak var connection: HTTPConnection?
    }

    /// When it is cut, in monotonic nanoseconds; the server looks every now and then.
    var deadline: Int64 { min(readDeadline, output.deadline) }

    // MARK: - Serving

    /// Serves requests one after another until the connection ends.
    func serve() async {
        while let closes = await answerNext() {
            // What the request and its answer took is free by now: a stream may go on for hours.
            if stream != nil { await untilStreamEnds() }
            guard state == .open else { return }
            if closes || server.isDraining { return end() }
            if output.count > server.limits.unsentBytes { await untilDrained() }
        }
    }

    // To wait may let other callbacks of the loop go first: what is waited for is looked at once more, where nothing
    // comes in between.

    private func untilStreamEnds() async {
        await unsafe withUnsafeContinuation { continuation in
            if stream == nil { unsafe continuation.resume() } else { unsafe streamEnded = continuation }
        }
    }

    private func untilDrained() async {
        await unsafe withUnsafeContinuation { continuation in
            if output.isEmpty || state == .closed {
                unsafe continuation.resume()
            } else {
                unsafe drained = continuation
            }
        }
    }

    /// What comes next, which is not to wait.
    private func untilReadable() async -> Next {
        let seen = readings
        return await unsafe withUnsafeContinuation { continuation in
            unsafe waiting = continuation
            if readings != seen || state != .open { resumeWaiting() }
        }
    }

    /// Answers one request, or begins to.
    ///
    /// - Returns: whether the connection ends with it; `nil` when there is no more to answer.
    private func answerNext() async -> Bool? {
        guard let received = await next() else { return nil }
        let response = await server.respond(to: received.request)
        guard state == .open else {
            response.stream?.over()
            return nil
        }
        let closes = !received.keepsAlive || server.isDraining || response.stream != nil && !received.isHTTP11
        send(response, received, closes: closes)
        return closes
    }

    private func next() async -> ReceivedRequest? {
        isServing = false
        sender = address
        while true {
            var next = advance()
            if case .wait = next { next = await untilReadable() }
            switch next {
            case .request(let received): return received
            case .judge(let head): await judge(head)
            case .end, .wait: return nil
            }
        }
    }

    private enum Next {
        case request(ReceivedRequest)
        case judge(HTTPRequest)
        case end
        case wait
    }

    /// Asks whether the body of this request is to be read; nothing of it is read meanwhile but what is read ahead.
    private func judge(_ head: HTTPRequest) async {
        let permit = await server.permit(head)
        guard state == .open else { return }
        switch permit {
        case .upTo(let bytes):
            if let refused = reader.permit(upTo: bytes) { refuse(refused) }
        case .refused(let response):
            refuse(response, requestID: head.id, isHead: head.method == .head, origin: head.header("origin"))
        }
    }

    /// Looks for the next request in what was read.
    private func advance() -> Next {
        guard state == .open else { return .end }
        while true {
            switch reader.next() {
            case .request(let received):
                readDeadline = .max
                timedPhase = nil
                guard !isTurnedAway else { return turnAway(received.request) }
                isServing = true
                return .request(received)
            case .refused(let refused):
                refuse(refused)
                return .end
            case .wantsPermit(let head):
                guard !isTurnedAway else { return turnAway(head) }
                // Whoever judges it has bounds of its own; the body's time begins after it.
                readDeadline = .max
                timedPhase = nil
                return .judge(head)
            case .wantsGoAhead:
                output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
                markDirty()
            case .needsBytes:
                guard !clientEnded else {
                    end()
                    return .end
                }
                startTiming()
                noteArriving()
                watch.reading = true
                return .wait
            }
        }
    }

    private func turnAway(_ request: HTTPRequest) -> Next {
        refuse(
            RefusedRequest(
                refusal: .tooManyConnections, requestID: request.id, isHead: request.method == .head,
                origin: request.header("origin")))
        return .end
    }

    /// Deadlines are absolute: they begin with the phase, whatever drips in during it.
    private func startTiming() {
        let phase = reader.phase
        guard phase != timedPhase, !isTurnedAway else { return }
        timedPhase = phase
        let limits = server.limits
        let time =
            switch phase {
            case .idle: limits.idleTime
            case .head: limits.headTime
            case .body: limits.bodyTime
            }
        readDeadline = monotonicNanoseconds() + time.nanoseconds
    }

    private func send(_ response: HTTPResponse, _ received: ReceivedRequest, closes: Bool) {
        let isHead = received.request.method == .head
        if let body = response.stream, !isHead, response.mayHaveBody {
            let address = received.request.countedAddress
            guard server.ledger.beginStream(address) else {
                body.over()
                return refuse(
                    RefusedRequest(
                        refusal: .tooManyStreams, requestID: received.request.id, isHead: false,
                        origin: received.request.header("origin")))
            }
            listener = address
        }
        let envelope = HTTPResponse.Envelope(
            requestID: received.request.id, date: server.date, isHTTP11: received.isHTTP11, isHead: isHead,
            closes: closes)
        var response = response
        server.complete?(&response, received.request.header("origin"))
        output.append { response.write(to: &$0, envelope) }
        markDirty()
        guard let body = response.stream else { return }
        guard !isHead, response.mayHaveBody else { return body.over() }
        stream = (body, isChunked: received.isHTTP11)
        // Megabytes in the system would keep up a client that is long lost.
        Socket.boundUnsent(descriptor, bytes: body.backlogBytes)
        write(streamed: response.body, bound: .max)
        guard body.begin(on: self) else { return }
        if clientEnded { return close() }
        if server.isDraining, body.endsWhenDraining { endStream() }
    }

    // MARK: - Streaming

    /// How many bytes wait for the client.
    var unsentBytes: Int { output.count }

    /// Appends to the streamed answer; false when it is over, or cut because more than `bound` bytes would wait.
    @discardableResult
    func write(streamed bytes: [UInt8], bound: Int) -> Bool {
        guard let stream else { return false }
        guard bytes.count <= bound - output.count else {
            close()
            return false
        }
        // An empty chunk would end the body.
        guard !bytes.isEmpty else { return true }
        output.append { output in
            if stream.isChunked { output.append(contentsOf: "\(String(bytes.count, radix: 16))\r\n".utf8) }
            output.append(contentsOf: bytes)
            if stream.isChunked { output.append(contentsOf: "\r\n".utf8) }
        }
        markDirty()
        return true
    }

    /// Ends the streamed answer, if there is one.
    func endStream() {
        guard let (body, isChunked) = stream else { return }
        stream = nil
        if isChunked { output.append { $0.append(contentsOf: "0\r\n\r\n".utf8) } }
        markDirty()
        body.over()
        resumeStream()
    }

    private func resumeStream() {
        server.ledger.endStream(listener)
        listener = nil
        guard let continuation = unsafe streamEnded else { return }
        unsafe streamEnded = nil
        unsafe continuation.resume()
    }

    // MARK: - Reading

    private func readable() {
        defer { noteArriving() }
        guard let count = Socket.read(descriptor, into: &server.readBuffer) else { return }
        guard count >= 0 else { return close() }
        readings &+= 1
        if count == 0 {
            clientEnded = true
            watch.reading = false
            if stream != nil || state == .ending && output.isEmpty { return close() }
        } else if state == .open {
            reader.append(server.readBuffer[..<count])
            if reader.unread >= server.limits.readAheadBytes, unsafe waiting == nil { watch.reading = false }
        }
        resumeWaiting()
    }

    /// Tells the ledger how much is kept here of what arrives; who is being answered is not ended for what follows.
    private func noteArriving() {
        let kept = reader.keptBytes
        guard kept != arriving.bytes || kept > 0 && arriving.mayEnd == isServing else { return }
        arriving = (kept, !isServing)
        if sender == nil { sender = reader.sender }
        server.ledger.note(
            .arriving, identifier, of: sender, bytes: kept, mayEnd: !isServing, end: ending { $0.holdsMostArriving() })
    }

    /// Tells the ledger how much waits here for the client.
    private func noteUnsent(_ count: Int) {
        guard count != unsent else { return }
        unsent = count
        server.ledger.note(.unsent, identifier, of: nil, bytes: count, end: ending { $0.close() })
    }

    /// Does something to this connection on its loop, from whatever thread.
    private func ending(_ body: @escaping @Sendable (HTTPConnection) -> Void) -> @Sendable () -> Void {
        { [loop = server.loop, reference] in
            Task(executorPreference: loop.executor) {
                await loop.run { _ in
                    if let connection = reference.connection { body(connection) }
                }
            }
        }
    }

    /// Too much is arriving, and nobody keeps more of it than this connection did.
    private func holdsMostArriving() {
        arriving = (0, true)
        if isServing { return noteArriving() }
        if unsafe waiting != nil { refuseWaiting(.overloaded) } else { close() }
    }

    private func forgetArriving() {
        reader.discard()
        noteArriving()
    }

    private func refuseWaiting(_ refusal: Refusal) {
        guard let continuation = unsafe waiting else { return }
        unsafe waiting = nil
        refuse(reader.refused(refusal))
        unsafe continuation.resume(returning: .end)
    }

    private func resumeWaiting() {
        guard let continuation = unsafe waiting else { return }
        // `advance` may come back here when it closes.
        unsafe waiting = nil
        let next = advance()
        if case .wait = next { unsafe waiting = continuation } else { unsafe continuation.resume(returning: next) }
    }

    // MARK: - Ending

    private func refuse(_ refused: RefusedRequest) {
        refuse(refused.response, requestID: refused.requestID, isHead: refused.isHead, origin: refused.origin)
    }

    /// Answers what is not served; the connection ends with it.
    private func refuse(_ response: HTTPResponse, requestID: String?, isHead: Bool, origin: String?) {
        server.onRefusal(response.status)
        let envelope = HTTPResponse.Envelope(
            requestID: requestID ?? Identifiers.uuid(), date: server.date, isHTTP11: true, isHead: isHead,
            closes: true)
        var response = response
        server.complete?(&response, origin)
        output.append { response.write(to: &$0, envelope) }
        markDirty()
        end()
    }

    /// Reads no further request; what is queued still leaves.
    private func end() {
        guard state == .open else { return }
        state = .ending
        timedPhase = nil
        readDeadline = .max
        forgetArriving()
        watch.reading = !clientEnded
        if output.isEmpty { shutDown() }
    }

    /// Tells the client that no more comes. Closing instead would reset the connection if the client still sends, and
    /// an answer on its way with it (RFC 9112, section 9.6).
    private func shutDown() {
        guard !clientEnded else { return close() }
        shutdown(descriptor, Int32(SHUT_WR))
        readDeadline = monotonicNanoseconds() + server.limits.lingerTime.nanoseconds
    }

    /// Ends what runs on without need: an open stream, and in the end the pause between two requests.
    func drain(closesIdle: Bool) {
        if stream?.body.endsWhenDraining == true { endStream() }
        // What has arrived already is still served.
        if isIdle { readable() }
        if closesIdle, isIdle { close() }
    }

    private var isIdle: Bool { unsafe waiting != nil && reader.phase == .idle && output.isEmpty }

    /// The deadline passed.
    func timedOut(at now: Int64) {
        let isLate = state == .open && output.deadline >= now && (isTurnedAway || reader.phase != .idle)
        guard isLate, unsafe waiting != nil else { return close() }
        refuseWaiting(isTurnedAway ? .tooManyConnections : .lateRequest)
    }

    /// Ends it at once.
    func close() {
        guard state != .closed else { return }
        state = .closed
        // Nobody waits for a request any more who could be refused one.
        let continuation = unsafe waiting
        unsafe waiting = nil
        forgetArriving()
        noteUnsent(0)
        readDeadline = .max
        watch.cancel()
        Glibc.close(descriptor)
        server.closed(self)
        unsafe continuation?.resume(returning: .end)
        resumeDrained()
        let body = stream?.body
        stream = nil
        resumeStream()
        body?.over()
    }

    // MARK: - Writing

    private func markDirty() {
        guard !isDirty, state != .closed else { return }
        isDirty = true
        server.dirty.append(self)
    }

    /// Writes what is queued, in one system call; called once a tick.
    func flush() {
        isDirty = false
        guard state != .closed, !output.isEmpty else { return }
        server.noteWrite()
        guard output.flush(to: descriptor, within: server.limits.writeTime) else { return close() }
        noteUnsent(output.count)
        watch.writing = !output.isEmpty
        server.mayCut(at: output.deadline)
        guard output.isEmpty else { return }
        resumeDrained()
        stream?.body.flushed()
        if state == .ending { shutDown() }
    }

    private func resumeDrained() {
        guard let continuation = unsafe drained else { return }
        unsafe drained = nil
        unsafe continuation.resume()
    }
}
