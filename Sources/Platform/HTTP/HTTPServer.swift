import Glibc
package import Loops

package protocol HTTPHandler: AnyObject {
    /// Answers one request, on the server's loop.
    func respond(to request: HTTPRequest) async -> HTTPResponse

    /// Takes a request that can be answered without a task, and answers it now or in a later callback. Called before
    /// `respond`, on the server's loop.
    ///
    /// - Returns: false if nothing was done; then `respond` is called.
    func take(_ exchange: HTTPExchange) -> Bool

    /// Decides from the head whether to read a body that is longer than `HTTPLimits.bodyBytes` or of unknown length.
    /// Called on the server's handler, on its loop, before any of the body is read.
    ///
    /// - Parameter head: the request with an empty body.
    func permit(_ head: HTTPRequest) async -> BodyPermit
}

/// The decision about a request whose body may be long.
package enum BodyPermit: Sendable {
    /// Read the body up to this many bytes, or up to `HTTPLimits.bodyBytes` if that is more.
    case upTo(Int)
    /// Answer at once, without reading the body.
    case refused(HTTPResponse)
}

extension HTTPHandler {
    /// Takes no request.
    package func take(_ exchange: HTTPExchange) -> Bool { false }

    /// Allows no body longer than usual.
    package func permit(_ head: HTTPRequest) async -> BodyPermit { .upTo(0) }
}

/// Why a server cannot listen.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// An HTTP/1.1 server on one loop (RFC 9112), strict about framing. Not `Sendable`.
package final class HTTPServer {
    let loop: EventLoop
    let limits: HTTPLimits
    var dirty: [HTTPConnection] = []
    private var flushing: [HTTPConnection] = []
    var readBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    /// Counts what clients occupy, per process.
    let ledger: ClientLedger
    private(set) var isDraining = false
    private(set) var date: [UInt8] = []
    /// Write calls so far: at most one per connection and tick, so that responses that are ready together are sent
    /// together.
    private(set) var writeCalls = 0
    /// Accepts a connection; replaceable so that a test can simulate running out of descriptors.
    var acceptConnection = Socket.accept
    /// The proxies whose `X-Forwarded-For` is trusted.
    package var trustedProxies: TrustedProxies?
    /// Called with the status of every request that is refused before it reaches the handler.
    package var onRefusal: (Int) -> Void = { _ in }
    /// Appends the CORS headers to every response, including those given before a handler is called; each line starts
    /// with CR LF. Gets the request's `Origin`, if it has one.
    package var complete: ((inout [UInt8], _ origin: String?) -> Void)?
    /// The phases' time limits in nanoseconds.
    let phaseTimes: (idle: Int64, head: Int64, body: Int64)
    private let handler: any HTTPHandler
    private var connections: [Int32: HTTPConnection] = [:]
    /// No connection times out before this, so that the sweep need not visit thousands of connections four times a
    /// second.
    private var earliestDeadline = Int64.max
    private var isResting = false
    private var running = 0
    private var listener: Int32 = -1
    private var listenerWatch: DescriptorWatch?
    private var sweep: LoopTimer?
    private var resume: LoopTimer?
    private var hook: TickHook?

    /// How often deadlines are checked; a timer per connection would cost more.
    private static let sweepInterval = Duration.milliseconds(250)
    /// The sweep's interval while there are no connections; the first connection ends it.
    private static let restInterval = Duration.seconds(3600)
    /// How long to stop accepting when the process is out of descriptors.
    private static let acceptPause = Duration.milliseconds(100)
    /// How often `drain` checks whether it is done.
    private static let drainInterval = Duration.milliseconds(5)

    /// A server that is not listening yet. On the loop's thread only.
    ///
    /// - Parameter ledger: the process's ledger, if it has several servers.
    package init(loop: EventLoop, limits: HTTPLimits, handler: any HTTPHandler, ledger: ClientLedger? = nil) {
        self.ledger = ledger ?? ClientLedger(limits)
        self.loop = loop
        self.limits = limits
        self.handler = handler
        phaseTimes = (limits.idleTime.nanoseconds, limits.headTime.nanoseconds, limits.bodyTime.nanoseconds)
    }

    package var openConnections: Int { connections.count }

    /// Requests that are being answered; their clients may have disconnected.
    package var runningRequests: Int { running }

    /// Starts to listen and serve.
    ///
    /// - Parameters:
    ///   - port: 0 for any free port.
    ///   - reusePort: whether several loops or processes share the port; the kernel then distributes the connections.
    /// - Returns: the bound port.
    package func listen(host: String, port: Int, reusePort: Bool) throws(HTTPServerError) -> Int {
        do {
            let (descriptor, port) = try Socket.listen(host: host, port: port, reusePort: reusePort)
            listener = descriptor
            updateDate()
            // The hook and the timers retain the server until it is stopped. Weak references would be slow at every
            // use.
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

    /// Stops accepting, ends streams, lets running requests finish, gives idle connections a moment to send one more
    /// request, closes each connection after its response, and closes all connections after `time` at the latest.
    package func drain(within time: Duration) async {
        isDraining = true
        // Connections in the kernel's backlog may have sent a request already.
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

    /// Serves a request, without a task if the handler can.
    func serve(_ exchange: HTTPExchange) {
        running += 1
        guard !handler.take(exchange) else { return }
        loop.spawn { [handler] in exchange.answer(await handler.respond(to: exchange.request)) }
    }

    func noteAnswered() { running -= 1 }

    func permit(_ head: HTTPRequest) async -> BodyPermit { await handler.permit(head) }

    func noteWrite() { writeCalls += 1 }

    private func flush() {
        guard !dirty.isEmpty else { return }
        // Two arrays swap roles, so that a tick allocates nothing.
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

    /// Waiting connections stay in the kernel's backlog until descriptors are free; retrying at once would spin.
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

    /// Sends 503 to a client whose address has even too many turned-away connections.
    private func turnAway(_ descriptor: Int32) {
        onRefusal(Refusal.tooManyConnections.status)
        var bytes: [UInt8] = []
        Refusal.tooManyConnections.response.write(
            to: &bytes,
            HTTPResponse.Envelope(
                requestID: .new, date: date, isHTTP11: true, isHead: false, closes: true))
        // Best effort: the write may fail, and the client may not read the response.
        _ = unsafe bytes.withUnsafeBytes { unsafe Socket.write(descriptor, $0) }
        close(descriptor)
    }

    /// Slows the sweep down: without connections there are no deadlines, and no response needs the date.
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

    /// Lowers the time of the next sweep that must visit connections, in monotonic nanoseconds.
    func mayCut(at deadline: Int64) { earliestDeadline = min(earliestDeadline, deadline) }

    /// IMF-fixdate (RFC 9110, section 5.6.7), made with `gmtime_r` and `strftime`.
    private func updateDate() {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = unsafe strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        date = text[..<count].map { UInt8(bitPattern: $0) }
    }
}
