public import EventLoop
import Glibc

/// Answers requests.
public protocol HTTPHandler: AnyObject {
    /// Answers one request, on the server's loop.
    func respond(to request: HTTPRequest) async -> HTTPResponse
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
    let handler: any HTTPHandler
    var dirty: [HTTPConnection] = []
    var readBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    private(set) var isDraining = false
    private(set) var date: [UInt8] = []
    private var connections: [Int32: HTTPConnection] = [:]
    private var listener: Int32 = -1
    private var listenerWatch: DescriptorWatch?
    private var sweep: LoopTimer?
    private var resume: LoopTimer?
    private var hook: TickHook?
    private var random = SystemRandomNumberGenerator()

    /// Deadlines are looked at this often; a timer a connection would cost more.
    private static let sweepInterval = Duration.milliseconds(250)

    /// A server that does not listen yet. On the loop's thread only.
    public init(loop: EventLoop, limits: HTTPLimits, handler: any HTTPHandler) {
        self.loop = loop
        self.limits = limits
        self.handler = handler
    }

    /// Connections that are open.
    public var openConnections: Int { connections.count }

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
            hook = loop.atEndOfTick(.flush) { [weak self] in self?.flush() }
            sweep = try LoopTimer(loop: loop, after: Self.sweepInterval, repeats: true) { [weak self] in self?.swept() }
            let watch = try DescriptorWatch(
                loop: loop, descriptor: descriptor, onRead: { [weak self] in self?.accept() }, onWrite: {})
            watch.reading = true
            listenerWatch = watch
            return port
        } catch let error as Socket.Failure {
            throw HTTPServerError(description: error.message)
        } catch {
            throw HTTPServerError(description: "the event loop is out of memory")
        }
    }

    /// Accepts no more, lets running requests finish, and ends every connection after `time` at the latest.
    public func drain(within time: Duration) async {
        isDraining = true
        listenerWatch?.cancel()
        listenerWatch = nil
        if listener >= 0 { close(listener) }
        listener = -1
        let deadline = monotonicNanoseconds() + time.nanoseconds
        while !connections.isEmpty {
            let isLate = monotonicNanoseconds() >= deadline
            for connection in Array(connections.values) where isLate || connection.isIdle { connection.close() }
            if connections.isEmpty { break }
            await loop.sleep(for: .milliseconds(5))
        }
        sweep?.cancel()
        if let hook { loop.remove(hook) }
        hook = nil
    }

    private func flush() {
        guard !dirty.isEmpty else { return }
        let connections = dirty
        dirty.removeAll(keepingCapacity: true)
        for connection in connections { connection.flush() }
    }

    private func accept() {
        while true {
            switch Socket.accept(listener) {
            case .connection(let descriptor, let peer):
                open(descriptor, peer)
            case .none:
                return
            case .exhausted:
                // Those that wait stay in the kernel's queue until some of ours have ended.
                listenerWatch?.reading = false
                resume = try? LoopTimer(loop: loop, after: .milliseconds(100), repeats: false) { [weak self] in
                    self?.listenerWatch?.reading = true
                }
                return
            }
        }
    }

    private func open(_ descriptor: Int32, _ peer: String) {
        guard connections.count < limits.connections,
            let connection = try? HTTPConnection(server: self, descriptor: descriptor, peer: peer)
        else {
            close(descriptor)
            return
        }
        connections[descriptor] = connection
        loop.spawn { await connection.serve() }
    }

    func closed(_ connection: HTTPConnection) {
        connections[connection.descriptor] = nil
    }

    private func swept() {
        updateDate()
        let now = monotonicNanoseconds()
        for connection in Array(connections.values) where connection.deadline < now { connection.timedOut() }
    }

    /// IMF-fixdate (RFC 9110, section 5.6.7). The corresponding C functions are `gmtime_r` and `strftime`.
    private func updateDate() {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = unsafe strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        date = text[..<count].map { UInt8(bitPattern: $0) }
    }

    /// A name for a request that brought none.
    func makeRequestID() -> String { randomUUID() }
}

extension Duration {
    /// In nanoseconds; limits are far below the 292 years that fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
