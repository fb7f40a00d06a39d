import EventLoop
import Glibc
import Text

/// One client's connection: bytes in, requests out, answers in, bytes out. Lives on its server's loop, without a task.
///
/// Requests are served one after another, so answers are in order; what a client sends meanwhile is read up to one
/// more request and then left in the socket.
@safe final class HTTPConnection {
    let descriptor: Int32
    /// By which its connections are counted; `nil` for a trusted proxy.
    let address: String?
    /// Whether its address has as many connections as it may without this one.
    let isTurnedAway: Bool
    /// What layers in front of the handler keep with it.
    var companion: AnyObject?

    private enum State {
        case open
        /// The last answer is on its way: what still comes is thrown away, so that the client gets to read it.
        case ending
        case closed
    }

    /// What it is at between two looks at what has arrived.
    private enum Activity {
        /// A request is waited for.
        case reading
        /// It is being judged whether a body is to be read.
        case judging
        /// A request is being answered.
        case serving
        /// An answer goes on for as long as its stream is open; whether the connection ends with it.
        case streaming(thenCloses: Bool)
        /// The client has to read first.
        case heldBack
    }

    private let server: HTTPServer
    private let watch: DescriptorWatch
    private var reader: RequestReader
    private var output = OutputQueue()
    private var state = State.open
    private var activity = Activity.reading
    /// Whether what has arrived is being looked through already, further up the stack.
    private var isProceeding = false
    private var stream: (body: HTTPResponseStream, isChunked: Bool)?
    private var readDeadline: Int64 { didSet { server.mayCut(at: readDeadline) } }
    /// What `readDeadline` is for.
    private var timedPhase: RequestReader.Phase?
    private var isDirty = false
    private var clientEnded = false
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
    }

    // SAFETY of @unchecked: touched on the connection's loop only.
    private final class Reference: @unchecked Sendable {
        /// Until it is closed. Not weak: every use of an object that has weak references takes the slow way.
        var connection: HTTPConnection?
    }

    var loop: EventLoop { server.loop }

    /// Begins to read.
    func start() { watch.reading = true }

    /// When it is cut, in monotonic nanoseconds; the server looks every now and then.
    var deadline: Int64 { min(readDeadline, output.deadline) }

    // MARK: - Serving

    private var isReading: Bool {
        guard state == .open, case .reading = activity else { return false }
        return true
    }

    /// Whether a request is being answered, until the next one is waited for.
    private var isServing: Bool {
        switch activity {
        case .reading, .judging: false
        case .serving, .streaming, .heldBack: true
        }
    }

    /// Serves what has arrived, until more has to be waited for, or an answer.
    private func proceed() {
        guard !isProceeding else { return }
        isProceeding = true
        defer { isProceeding = false }
        while isReading, advance() {}
    }

    /// Goes on with what was read.
    ///
    /// - Returns: whether there may be more to do at once.
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
            // Whoever judges it has bounds of its own; the body's time begins after it.
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

    /// Asks whether the body of this request is to be read; nothing of it is read meanwhile but what is read ahead.
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

    /// Deadlines are absolute: they begin with the phase, whatever drips in during it.
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

    /// The answer to the request that is being served.
    func answered(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        server.noteAnswered()
        guard state == .open else {
            response.stream?.over()
            return
        }
        let closes = !exchange.keepsAlive || server.isDraining || response.stream != nil && !exchange.isHTTP11
        send(response, exchange, closes: closes)
        // A stream that has begun goes on by itself.
        if case .serving = activity { finishAnswer(closes: closes) }
    }

    /// What follows an answer that is whole.
    private func finishAnswer(closes: Bool) {
        guard state == .open else { return }
        if closes || server.isDraining { return end() }
        guard output.count <= server.limits.unsentBytes else {
            activity = .heldBack
            return
        }
        activity = .reading
        forgetSender()
        proceed()
    }

    /// A proxy's next request may be of another client.
    private func forgetSender() { if address == nil { sender = nil } }

    private func send(_ response: HTTPResponse, _ exchange: HTTPExchange, closes: Bool) {
        let request = exchange.request
        let isHead = request.method == .head
        if response.isPlain, !isHead, !closes, exchange.isHTTP11, server.complete == nil,
            case .made(let high, let low) = request.name
        {
            output.append(
                plain: response, HexText(high: high, low: low), date: server.date, lines: exchange.lines)
            return markDirty()
        }
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
        // Megabytes in the system would keep up a client that is long lost.
        Socket.boundUnsent(descriptor, bytes: body.backlogBytes)
        write(streamed: beginning, bound: .max)
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

    /// Answers what is not served; the connection ends with it.
    private func refuse(_ response: HTTPResponse, requestID: HTTPRequest.Name?, isHead: Bool, origin: String?) {
        server.onRefusal(response.status)
        let envelope = HTTPResponse.Envelope(
            requestID: requestID ?? .new, date: server.date, isHTTP11: true, isHead: isHead, closes: true)
        output.append { response.write(to: &$0, envelope) { server.complete?(&$0, origin) } }
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

    private var isIdle: Bool { isReading && reader.phase == .idle && output.isEmpty }

    /// The deadline passed.
    func timedOut(at now: Int64) {
        let isLate = state == .open && output.deadline >= now && (isTurnedAway || reader.phase != .idle)
        guard isLate, isReading else { return close() }
        refuse(reader.refused(isTurnedAway ? .tooManyConnections : .lateRequest))
    }

    /// Ends it at once.
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
        if case .heldBack = activity { goOnLater() }
        stream?.body.flushed()
        if state == .ending { shutDown() }
    }

    /// The client has read: the next request is looked for in a job, since this tick's writes are under way.
    private func goOnLater() {
        server.loop.spawn { [self] in
            guard case .heldBack = activity, output.isEmpty else { return }
            activity = .reading
            forgetSender()
            proceed()
        }
    }
}
