public import EventLoop
import Glibc

/// Answers requests.
public protocol HTTPHandler: AnyObject {
    /// Answers one request, on the server's loop.
    func respond(to request: HTTPRequest) async -> HTTPResponse

    /// Takes a request that can be answered without a task: the exchange is answered now, or by whatever callback later.
    /// Asked before `respond`, on the server's loop.
    ///
    /// - Returns: false when nothing was done: `respond` is asked then.
    func take(_ exchange: HTTPExchange) -> Bool

    /// Judges by its head a request whose body is longer than `HTTPLimits.bodyBytes`, or does not say how long it is;
    /// asked of the server's handler, on its loop, before any of the body is taken.
    ///
    /// - Parameter head: the request, its body still empty.
    func permit(_ head: HTTPRequest) async -> BodyPermit
}

/// What becomes of a request whose body may be a long one.
public enum BodyPermit: Sendable {
    /// Its body is read up to so many bytes, or to `HTTPLimits.bodyBytes` where that is more.
    case upTo(Int)
    /// It is answered at once; its body is not read.
    case refused(HTTPResponse)
}

extension HTTPHandler {
    /// Takes none.
    public func take(_ exchange: HTTPExchange) -> Bool { false }

    /// No body is longer than usual.
    public func permit(_ head: HTTPRequest) async -> BodyPermit { .upTo(0) }
}

/// Why a server cannot listen.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public let description: String
}

/// An HTTP/1.1 server on one loop (RFC 9112), strict about framing. Not `Sendable`.
public final class HTTPServer {
    let loop: EventLoop
    let limits: HTTPLimits
    var dirty: [HTTPConnection] = []
    private var flushing: [HTTPConnection] = []
    var readBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// What clients have of the process.
    let ledger: ClientLedger
    private(set) var isDraining = false
    private(set) var date: [UInt8] = []
    /// Write calls so far: one a connection and tick, so that answers that are ready together leave together.
    private(set) var writeCalls = 0
    /// Takes a connection from the listener; a test may run out of descriptors here without the process doing so.
    var acceptConnection = Socket.accept
    /// Who is believed when they say whose request they bring.
    public var trustedProxies: TrustedProxies?
    /// Told the status of every request that was refused before the handler saw it.
    public var onRefusal: (Int) -> Void = { _ in }
    /// Appends to every answer, those included that are given before a handler is asked, the headers that the page that asked
    /// needs to read it, each line beginning with CR LF; told the request's `Origin`, if it has one.
    public var complete: ((inout [UInt8], _ origin: String?) -> Void)?
    /// The limits' times of a request's phases, nanoseconds.
    let phaseTimes: (idle: Int64, head: Int64, body: Int64)
    private let handler: any HTTPHandler
    private var connections: [Int32: HTTPConnection] = [:]
    /// No connection has to be cut before this; thousands need not be looked at four times a second.
    private var earliestDeadline = Int64.max
    private var isResting = false
    private var running = 0
    private var listener: Int32 = -1
    private var listenerWatch: DescriptorWatch?
    private var sweep: LoopTimer?
    private var resume: LoopTimer?
    private var hook: TickHook?

    /// Deadlines are looked at this often; a timer a connection would cost more.
    private static let sweepInterval = Duration.milliseconds(250)
    /// The same without connections, of which the first ends it.
    private static let restInterval = Duration.seconds(3600)
    /// How long nothing is accepted when descriptors are used up.
    private static let acceptPause = Duration.milliseconds(100)
    /// How often draining looks whether it is done.
    private static let drainInterval = Duration.milliseconds(5)

    /// A server that does not listen yet. On the loop's thread only.
    ///
    /// - Parameter ledger: that of the process, when it has several servers.
    public init(loop: EventLoop, limits: HTTPLimits, handler: any HTTPHandler, ledger: ClientLedger? = nil) {
        self.ledger = ledger ?? ClientLedger(limits)
        self.loop = loop
        self.limits = limits
        self.handler = handler
        phaseTimes = (limits.idleTime.nanoseconds, limits.headTime.nanoseconds, limits.bodyTime.nanoseconds)
    }

    /// Connections that are open.
    public var openConnections: Int { connections.count }

    /// Requests whose answer is being made; their clients may be gone.
    public var runningRequests: Int { running }

    /// Listens and begins to serve.
    ///
    /// - Parameters:
    ///   - port: 0 for any.
    ///   - reusePort: whether several loops or processes share the port, the kernel spreading connections over them.
    /// - Returns: the port.
    public func listen(host: String, port: Int, reusePort: Bool) throws(HTTPServerError) -> Int {
        do {
            let (descriptor, port) = try Socket.listen(host: host, port: port, reusePort: reusePort)
            listener = descriptor
            updateDate()
            // These hold it until it is stopped: every use of an object that has weak references takes the slow way.
            hook = loop.atEndOfTick(.flush) { [self] in flush() }
            sweep = try LoopTimer(loop: loop, after: Self.sweepInterval, repeats: true) { [self] in swept() }
            let watch = try DescriptorWatch(
                loop: loop, descriptor: descriptor, onRead: { [self] in accept() }, onWrite: {})
            watch.reading = true
            listenerWatch = watch
            return port
        } catch let error as Socket.Failure {
            throw HTTPServerError(description: error.message)
        } catch {
            stop()
            throw HTTPServerError(description: "the event loop is out of memory")
        }
    }

    /// Accepts no more, ends streams, lets running requests finish and connections between requests send one more for a
    /// moment, closes each with its answer, and ends every connection after `time` at the latest.
    public func drain(within time: Duration) async {
        isDraining = true
        // Whoever the system has connected already may have sent a request.
        if listener >= 0 { accept() }
        stopListening()
        let start = monotonicNanoseconds()
        let deadline = start + time.nanoseconds
        let idleEnd = start + limits.drainIdleTime.nanoseconds
        while !connections.isEmpty || running > 0, monotonicNanoseconds() < deadline {
            let closesIdle = monotonicNanoseconds() >= idleEnd
            for connection in Array(connections.values) { connection.drain(closesIdle: closesIdle) }
            if connections.isEmpty, running == 0 { break }
            await loop.sleep(for: Self.drainInterval)
        }
        for connection in Array(connections.values) { connection.close() }
        stop()
    }

    private func stop() {
        stopListening()
        sweep?.cancel()
        sweep = nil
        if let hook { loop.remove(hook) }
        hook = nil
    }

    private func stopListening() {
        resume?.cancel()
        resume = nil
        listenerWatch?.cancel()
        listenerWatch = nil
        if listener >= 0 { close(listener) }
        listener = -1
    }

    /// Serves a request: without a task if the handler can.
    func serve(_ exchange: HTTPExchange) {
        running += 1
        guard !handler.take(exchange) else { return }
        loop.spawn { [handler] in exchange.answer(await handler.respond(to: exchange.request)) }
    }

    /// A request has its answer.
    func noteAnswered() { running -= 1 }

    func permit(_ head: HTTPRequest) async -> BodyPermit { await handler.permit(head) }

    func noteWrite() { writeCalls += 1 }

    private func flush() {
        guard !dirty.isEmpty else { return }
        // Two arrays take turns, so that a tick allocates nothing.
        swap(&dirty, &flushing)
        for connection in flushing { connection.flush() }
        flushing.removeAll(keepingCapacity: true)
    }

    private func accept() {
        while true {
            switch acceptConnection(listener) {
            case .connection(let descriptor, let peer):
                open(descriptor, peer)
            case .none:
                return
            case .exhausted:
                return pauseAccepting()
            }
        }
    }

    /// Those that wait stay in the system's queue until some of ours have ended; looking at once would spin.
    private func pauseAccepting() {
        guard let watch = listenerWatch else { return }
        watch.reading = false
        resume = try? LoopTimer(loop: loop, after: Self.acceptPause, repeats: false) { watch.reading = true }
        if resume == nil { watch.reading = true }
    }

    private func open(_ descriptor: Int32, _ peer: String) {
        if isResting { wake() }
        guard connections.count < limits.connections else {
            close(descriptor)
            return
        }
        let address = trustedProxies?.contains(peer) == true ? nil : IPAddress.subscriber(peer)
        let admission = ledger.connect(address)
        guard admission != .refused else { return turnAway(descriptor) }
        let isTurnedAway = admission == .turnedAway
        guard
            let connection = try? HTTPConnection(
                server: self, descriptor: descriptor, peer: peer, address: address, isTurnedAway: isTurnedAway)
        else {
            ledger.disconnect(address, wasTurnedAway: isTurnedAway)
            close(descriptor)
            return
        }
        connections[descriptor] = connection
        mayCut(at: connection.deadline)
        connection.start()
    }

    func closed(_ connection: HTTPConnection) {
        connections[connection.descriptor] = nil
        ledger.disconnect(connection.address, wasTurnedAway: connection.isTurnedAway)
    }

    /// Says 503 to a client whose address has too many connections even of those that are told so in order.
    private func turnAway(_ descriptor: Int32) {
        onRefusal(Refusal.tooManyConnections.status)
        var bytes: [UInt8] = []
        Refusal.tooManyConnections.response.write(
            to: &bytes,
            HTTPResponse.Envelope(
                requestID: .new, date: date, isHTTP11: true, isHead: false, closes: true))
        // Whether it is read is the client's affair.
        _ = unsafe bytes.withUnsafeBytes { unsafe Socket.write(descriptor, $0) }
        close(descriptor)
    }

    /// Without connections there are no deadlines, and nobody is told the date.
    private func rest() {
        isResting = true
        sweep?.restart(after: Self.restInterval)
    }

    private func wake() {
        isResting = false
        updateDate()
        sweep?.restart(after: Self.sweepInterval)
    }

    private func swept() {
        if connections.isEmpty { return rest() }
        updateDate()
        let now = monotonicNanoseconds()
        guard earliestDeadline < now else { return }
        earliestDeadline = .max
        for connection in Array(connections.values) {
            if connection.deadline < now { connection.timedOut(at: now) }
            mayCut(at: connection.deadline)
        }
    }

    /// Takes notice of when a connection is to be cut, in monotonic nanoseconds.
    func mayCut(at deadline: Int64) { earliestDeadline = min(earliestDeadline, deadline) }

    /// IMF-fixdate (RFC 9110, section 5.6.7). The corresponding C functions are `gmtime_r` and `strftime`.
    private func updateDate() {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = unsafe strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        date = text[..<count].map { UInt8(bitPattern: $0) }
    }
}
