import Glibc
import Loops
import Text

/// One client connection: reads and parses requests, writes responses. Runs on its server's loop, without a task.
///
/// Requests are served one at a time, so responses are in order. While a request is served, at most one more request is
/// read ahead; further bytes stay in the socket.
@safe final class HTTPConnection {
    let descriptor: Int32
    /// The address under which the ledger counts the connection; `nil` for a trusted proxy.
    let address: String?
    /// Whether the address had already reached its connection limit before this connection.
    let isTurnedAway: Bool
    /// State that layers in front of the handler attach to the connection.
    var companion: AnyObject?

    private enum State {
        case open
        /// The last response is being sent; further input is discarded so that the client can still read the response.
        case ending
        case closed
    }

    /// What the connection is doing between two calls of `advance`.
    private enum Activity {
        /// Waiting for a request.
        case reading
        /// Waiting for the decision whether to read a body.
        case judging
        /// A request is being answered.
        case serving
        /// A response streams until its stream ends; `thenCloses`: whether the connection then closes.
        case streaming(thenCloses: Bool)
        /// Waiting for the client to read.
        case backPressured
    }

    private let server: HTTPServer
    private let watch: DescriptorWatch
    private var reader: RequestReader
    private var output = OutputQueue()
    private var state = State.open
    private var activity = Activity.reading
    /// Whether `proceed` is already running further up the stack.
    private var isProceeding = false
    private var stream: (body: HTTPResponseStream, isChunked: Bool)?
    private var readDeadline: Int64 { didSet { server.mayCut(at: readDeadline) } }
    /// The phase that `readDeadline` limits.
    private var timedPhase: RequestReader.Phase?
    private var isDirty = false
    private var clientEnded = false
    /// The counted address of the client whose request is arriving; behind a proxy it is unknown until the head is
    /// read.
    private var sender: String?
    /// The address for which the stream is counted; `nil` if there is no stream or it is not counted.
    private var listener: String?
    private let identifier: UInt64
    private let reference = Reference()
    /// The byte counts last reported to the ledger, for requests and for responses.
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
    }

    // SAFETY of @unchecked: accessed on the connection's loop only.
    private final class Reference: @unchecked Sendable {
        /// Set until the connection is closed. Not weak: an object with weak references takes the slow path at every
        /// use.
        var connection: HTTPConnection?
    }

    var loop: EventLoop { server.loop }

    func start() { watch.reading = true }

    /// When the connection times out, in monotonic nanoseconds; the server checks periodically.
    var deadline: Int64 { min(readDeadline, output.deadline) }

    // MARK: - Serving

    private var isReading: Bool {
        guard state == .open, case .reading = activity else { return false }
        return true
    }

    /// Whether a request is being answered, or its response is still being sent.
    private var isServing: Bool {
        switch activity {
        case .reading, .judging: false
        case .serving, .streaming, .backPressured: true
        }
    }

    /// Serves buffered input until it needs more bytes or an answer.
    private func proceed() {
        guard !isProceeding else { return }
        isProceeding = true
        defer { isProceeding = false }
        while isReading, advance() {}
    }

    /// Takes one step with the buffered input.
    ///
    /// - Returns: whether another step may follow at once.
    private func advance() -> Bool {
        switch reader.next() {
        case .request(let exchange):
            stopTiming()
            guard !isTurnedAway else { return turnAway(exchange.request) }
            activity = .serving
            exchange.connection = self
            server.serve(exchange)
        case .refused(let refused):
            refuse(refused)
        case .wantsPermit(let head):
            // The permit check has its own time limits; the body's time starts after it.
            stopTiming()
            guard !isTurnedAway else { return turnAway(head) }
            judge(head)
        case .wantsGoAhead:
            output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
            markDirty()
        case .needsBytes:
            guard !clientEnded else {
                end()
                return false
            }
            startTiming()
            noteArriving()
            watch.reading = true
            return false
        }
        return true
    }

    /// Asks the handler whether to read the request's body. Until then, no more than the read-ahead is read.
    private func judge(_ head: HTTPRequest) {
        activity = .judging
        server.loop.spawn { [self] in
            let permit = await server.permit(head)
            guard state == .open else { return }
            activity = .reading
            switch permit {
            case .upTo(let bytes):
                if let refused = reader.permit(upTo: bytes) { refuse(refused) }
            case .refused(let response):
                refuse(response, requestID: head.name, isHead: head.method == .head, origin: head.header("origin"))
            }
            proceed()
        }
    }

    private func turnAway(_ request: HTTPRequest) -> Bool {
        refuse(
            Refusal.tooManyConnections.response, requestID: request.name, isHead: request.method == .head,
            origin: request.header("origin"))
        return false
    }

    private func stopTiming() {
        readDeadline = .max
        timedPhase = nil
    }

    /// Deadlines are absolute: they start with the phase and are not extended by bytes that arrive during it.
    private func startTiming() {
        let phase = reader.phase
        guard phase != timedPhase, !isTurnedAway else { return }
        timedPhase = phase
        let time =
            switch phase {
            case .idle: server.phaseTimes.idle
            case .head: server.phaseTimes.head
            case .body: server.phaseTimes.body
            }
        readDeadline = coarseMonotonicNanoseconds() + time
    }

    // MARK: - Answering

    /// Sends the response to the request that is being served.
    func answered(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        server.noteAnswered()
        guard state == .open else {
            response.stream?.over()
            return
        }
        let closes = !exchange.keepsAlive || server.isDraining || response.stream != nil && !exchange.isHTTP11
        send(response, exchange, closes: closes)
        // A stream that has started finishes the answer itself.
        if case .serving = activity { finishAnswer(closes: closes) }
    }

    /// Continues after a complete response.
    private func finishAnswer(closes: Bool) {
        guard state == .open else { return }
        if closes || server.isDraining { return end() }
        guard output.count <= server.limits.unsentBytes else {
            activity = .backPressured
            return
        }
        activity = .reading
        forgetSender()
        proceed()
    }

    /// Forgets the client behind a proxy: the proxy's next request may belong to another client.
    private func forgetSender() { if address == nil { sender = nil } }

    private func send(_ response: HTTPResponse, _ exchange: HTTPExchange, closes: Bool) {
        let request = exchange.request
        let isHead = request.method == .head
        // The fast path: a whole response on a connection that stays open.
        if response.isPlain, !isHead, !closes, exchange.isHTTP11, server.complete == nil,
            case .made(let high, let low) = request.name
        {
            output.append(
                plain: response, HexText(high: high, low: low), date: server.date, lines: exchange.lines)
            return markDirty()
        }
        // A stream counts for the client's limit.
        if let body = response.stream, !isHead, response.mayHaveBody {
            let address = request.countedAddress
            guard server.ledger.beginStream(address) else {
                body.over()
                return refuse(
                    Refusal.tooManyStreams.response, requestID: request.name, isHead: false,
                    origin: request.header("origin"))
            }
            listener = address
        }
        let envelope = HTTPResponse.Envelope(
            requestID: request.name, date: server.date, isHTTP11: exchange.isHTTP11, isHead: isHead, closes: closes,
            lines: exchange.lines)
        if let complete = server.complete {
            let origin = request.header("origin")
            output.append { response.write(to: &$0, envelope) { complete(&$0, origin) } }
        } else {
            output.append { response.write(to: &$0, envelope) }
        }
        markDirty()
        guard let body = response.stream else { return }
        guard !isHead, response.mayHaveBody else { return body.over() }
        begin(body, response.body, isChunked: exchange.isHTTP11, closes: closes)
    }

    private func begin(_ body: HTTPResponseStream, _ beginning: [UInt8], isChunked: Bool, closes: Bool) {
        activity = .streaming(thenCloses: closes)
        stream = (body, isChunked)
        // Megabytes in the kernel's send buffer would keep alive a connection whose client is long gone.
        Socket.boundUnsent(descriptor, bytes: body.backlogBytes)
        write(streamed: beginning, bound: .max)
        guard body.begin(on: self) else { return }
        if clientEnded { return close() }
        if server.isDraining, body.endsWhenDraining { endStream() }
    }

    // MARK: - Streaming

    /// How many bytes the client has not read yet.
    var unsentBytes: Int { output.count }

    /// Appends to the streamed response. False if the stream is over, or was cut because more than `bound` bytes would
    /// wait.
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

    /// Ends the streamed response, if there is one.
    func endStream() {
        guard let (body, isChunked) = stream else { return }
        stream = nil
        if isChunked { output.append { $0.append(contentsOf: "0\r\n\r\n".utf8) } }
        markDirty()
        body.over()
        uncountStream()
        if case .streaming(let closes) = activity { finishAnswer(closes: closes) }
    }

    private func uncountStream() {
        server.ledger.endStream(listener)
        listener = nil
    }

    // MARK: - Reading

    private func readable() {
        defer { noteArriving() }
        guard let count = Socket.read(descriptor, into: &server.readBuffer) else { return }
        guard count >= 0 else { return close() }
        if count == 0 {
            clientEnded = true
            watch.reading = false
            if stream != nil || state == .ending && output.isEmpty { return close() }
        } else if state == .open {
            unsafe server.readBuffer.withUnsafeBufferPointer { bytes in
                unsafe reader.append(UnsafeBufferPointer(rebasing: bytes[..<count]))
            }
            if !isReading, reader.unread >= server.limits.readAheadBytes { watch.reading = false }
        }
        proceed()
    }

    /// Reports to the ledger how many request bytes are buffered. While a request is being served, the connection may
    /// not be ended for what follows it.
    private func noteArriving() {
        let kept = reader.keptBytes
        guard kept != arriving.bytes || kept > 0 && arriving.mayEnd == isServing else { return }
        arriving = (kept, !isServing)
        if sender == nil { sender = reader.sender }
        server.ledger.note(
            .arriving, identifier, of: sender, bytes: kept, mayEnd: !isServing, end: ending { $0.evictsArriving() })
    }

    /// Reports to the ledger how many response bytes wait for the client.
    private func noteUnsent(_ count: Int) {
        guard count != unsent else { return }
        unsent = count
        server.ledger.note(.unsent, identifier, of: nil, bytes: count, end: ending { $0.close() })
    }

    /// Returns a closure that runs `body` on the connection's loop; it may be called on any thread.
    private func ending(_ body: @escaping @Sendable (HTTPConnection) -> Void) -> @Sendable () -> Void {
        { [loop = server.loop, reference] in
            Task(executorPreference: loop.executor) {
                await loop.run { _ in
                    if let connection = reference.connection { body(connection) }
                }
            }
        }
    }

    /// Called by the ledger: too many bytes are arriving, and this connection buffers the most.
    private func evictsArriving() {
        arriving = (0, true)
        if isServing { return noteArriving() }
        if isReading { refuse(reader.refused(.overloaded)) } else { close() }
    }

    private func forgetArriving() {
        reader.discard()
        noteArriving()
    }

    // MARK: - Ending

    private func refuse(_ refused: RefusedRequest) {
        refuse(
            refused.refusal.response, requestID: refused.requestID.map { .given($0) }, isHead: refused.isHead,
            origin: refused.origin)
    }

    /// Sends the response to a refused request, and ends the connection.
    private func refuse(_ response: HTTPResponse, requestID: HTTPRequest.Name?, isHead: Bool, origin: String?) {
        server.onRefusal(response.status)
        let envelope = HTTPResponse.Envelope(
            requestID: requestID ?? .new, date: server.date, isHTTP11: true, isHead: isHead, closes: true)
        output.append { response.write(to: &$0, envelope) { server.complete?(&$0, origin) } }
        markDirty()
        end()
    }

    /// Reads no further requests; queued output is still sent.
    private func end() {
        guard state == .open else { return }
        state = .ending
        timedPhase = nil
        readDeadline = .max
        forgetArriving()
        watch.reading = !clientEnded
        if output.isEmpty { shutDown() }
    }

    /// Shuts down the sending side. Closing instead would reset the connection if the client still sends, and could
    /// lose the response on its way (RFC 9112, section 9.6).
    private func shutDown() {
        guard !clientEnded else { return close() }
        shutdown(descriptor, Int32(SHUT_WR))
        readDeadline = monotonicNanoseconds() + server.limits.lingerTime.nanoseconds
    }

    /// Ends a stream that may end; with `closesIdle`, also closes a connection that is between requests.
    func drain(closesIdle: Bool) {
        if stream?.body.endsWhenDraining == true { endStream() }
        // Requests that have already arrived are still served.
        if isIdle { readable() }
        if closesIdle, isIdle { close() }
    }

    private var isIdle: Bool { isReading && reader.phase == .idle && output.isEmpty }

    /// Handles an expired deadline.
    func timedOut(at now: Int64) {
        let isLate = state == .open && output.deadline >= now && (isTurnedAway || reader.phase != .idle)
        guard isLate, isReading else { return close() }
        refuse(reader.refused(isTurnedAway ? .tooManyConnections : .lateRequest))
    }

    /// Closes the connection at once.
    func close() {
        guard state != .closed else { return }
        state = .closed
        forgetArriving()
        noteUnsent(0)
        readDeadline = .max
        watch.cancel()
        Glibc.close(descriptor)
        server.closed(self)
        reference.connection = nil
        companion = nil
        let body = stream?.body
        stream = nil
        uncountStream()
        body?.over()
    }

    // MARK: - Writing

    private func markDirty() {
        guard !isDirty, state != .closed else { return }
        isDirty = true
        server.dirty.append(self)
    }

    /// Writes the queued output in one system call; called once a tick.
    func flush() {
        isDirty = false
        guard state != .closed, !output.isEmpty else { return }
        server.noteWrite()
        guard output.flush(to: descriptor, within: server.limits.writeTime) else { return close() }
        noteUnsent(output.count)
        watch.writing = !output.isEmpty
        server.mayCut(at: output.deadline)
        guard output.isEmpty else { return }
        if case .backPressured = activity { resumeLater() }
        stream?.body.flushed()
        if state == .ending { shutDown() }
    }

    /// Resumes after the client has read. Runs as a job, because this tick's writes are still in progress.
    private func resumeLater() {
        server.loop.spawn { [self] in
            guard case .backPressured = activity, output.isEmpty else { return }
            activity = .reading
            forgetSender()
            proceed()
        }
    }
}
