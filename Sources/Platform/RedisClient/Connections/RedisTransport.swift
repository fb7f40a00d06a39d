import Glibc
import Loops

/// Maintains a link to the server: connects, performs the handshake, and reconnects when the link is lost, until
/// closed.
final class RedisTransport {
    let loop: EventLoop
    let configuration: RedisConfiguration
    /// The link is open; has the server's identity, if known.
    var onOpen: (RedisIdentity?) -> Void = { _ in }
    /// A reply arrived on the open link.
    var onReply: (RedisValue) -> Void = { _ in }
    /// The open link was lost, with this many queued bytes not written.
    var onLost: (_ unwritten: Int) -> Void = { _ in }
    /// Called periodically with the time in monotonic nanoseconds; returns when the owner has something due, on the
    /// same clock. While the link is open, the transport sleeps until then.
    var onHeartbeat: (Int64) -> Int64 = { _ in .max }
    /// Why the last attempt or link failed.
    private(set) var lastFailure = "not started"

    private var cycle: ConnectionCycle
    private var link: RedisLink?
    private var handshake: RedisHandshake
    private var addresses: [SocketAddress] = []
    private var untried: [SocketAddress] = []
    private var resolver: AddressResolver?
    private var timer: LoopTimer?
    private var hook: TickHook?
    private var earlierWrites = 0
    private var random = SystemRandomNumberGenerator()

    init(loop: EventLoop, configuration: RedisConfiguration) {
        self.loop = loop
        self.configuration = configuration
        cycle = ConnectionCycle(configuration)
        handshake = RedisHandshake(configuration)
    }

    deinit { link?.discard() }

    var isOpen: Bool { if case .open = cycle.state { true } else { false } }
    var isClosed: Bool { cycle.state == .closed }
    /// How many write system calls were made, over all links.
    var writes: Int { earlierWrites + (link?.writes ?? 0) }

    /// Clears all callbacks.
    func forgetOwner() {
        onOpen = { _ in }
        onReply = { _ in }
        onLost = { _ in }
        onHeartbeat = { _ in .max }
    }

    func start() throws(RedisError) {
        guard cycle.state == .idle else { return }
        do {
            timer = try LoopTimer(loop: loop, after: configuration.heartbeat, repeats: true) { [weak self] in
                self?.heartbeat()
            }
        } catch {
            throw RedisError(.misuse, "\(error)")
        }
        hook = loop.atEndOfTick(.flush) { [weak self] in self?.link?.flush() }
        lastFailure = "the server has not answered yet"
        cycle.start(now: monotonicNanoseconds())
        heartbeat()
    }

    /// Queues bytes on the open link.
    func append(_ bytes: [UInt8]) { link?.append(bytes) }

    /// Drops the link because of `reason`; a new one follows.
    func fail(_ reason: String) {
        link?.discard()
        lost(reason)
    }

    func close() {
        guard !isClosed else { return }
        let wasOpen = isOpen
        cycle.close()
        lastFailure = "the connection was closed"
        timer?.cancel()
        timer = nil
        if let hook { loop.remove(hook) }
        hook = nil
        // Commands queued in this tick are still sent.
        if wasOpen { link?.flush() }
        let unwritten = dropLink()
        if wasOpen { onLost(unwritten) }
    }

    // MARK: - Time

    private func heartbeat() {
        let now = monotonicNanoseconds()
        switch cycle.tick(now: now) {
        case .nothing: takeResolved()
        case .connect: beginAttempt()
        case .giveUpAttempt: fail("it did not answer in time")
        }
        rest(until: onHeartbeat(now), now: now)
    }

    /// Sleeps at most `commandTimeout`: a command sent in the meantime has that timeout, so its deadline is not missed.
    private func rest(until due: Int64, now: Int64) {
        let least = configuration.heartbeat
        guard isOpen else {
            timer?.restart(after: least)
            return
        }
        let left = Duration.nanoseconds(max(0, min(due, now + configuration.commandTimeout.nanoseconds) - now))
        timer?.restart(after: max(left, least))
    }

    // MARK: - Connecting

    private func beginAttempt() {
        switch configuration.endpoint {
        case .unix(let path): addresses = SocketAddress(path: path).map { [$0] } ?? []
        case .tcp(let host, let port):
            // Resolves the name for each attempt: a server that comes back may have moved.
            addresses = SocketAddress.resolve(host: host, port: port, numericOnly: true)
            if addresses.isEmpty {
                // A resolver still running for an earlier attempt is reused.
                if resolver == nil {
                    resolver = AddressResolver(host: host, port: port)
                    resolver?.start()
                }
                return takeResolved()
            }
        }
        untried = addresses
        connectNext("the address of the server cannot be used")
    }

    private func takeResolved() {
        guard case .connecting = cycle.state, link == nil, let found = resolver?.result else { return }
        resolver = nil
        untried = found
        connectNext("the server's name has no address")
    }

    private func connectNext(_ failure: String) {
        guard !untried.isEmpty else { return lost(failure) }
        let address = untried.removeFirst()
        handshake = RedisHandshake(configuration)
        link = RedisLink(
            loop: loop, address: address,
            handlers: .init(
                onConnect: { [unowned self] in connected() },
                onReply: { [unowned self] in received($0) },
                onEnd: { [unowned self] in lost($0) }))
        if link == nil { connectNext("errno \(errno)") }
    }

    private func connected() {
        link?.append(handshake.bytes)
    }

    private func received(_ reply: RedisValue) {
        if isOpen { return onReply(reply) }
        switch handshake.receive(reply) {
        case .waiting: break
        case .refused(let reason):
            untried = []
            fail(reason)
        case .done(let identity):
            cycle.opened()
            onOpen(identity)
        }
    }

    private func lost(_ reason: String) {
        let wasOpen = isOpen
        let unwritten = dropLink()
        lastFailure = reason
        // A failed attempt continues with the server's next address.
        if !wasOpen, !untried.isEmpty { return connectNext(reason) }
        cycle.lost(now: monotonicNanoseconds(), using: &random)
        timer?.restart(after: configuration.heartbeat)
        if wasOpen { onLost(unwritten) }
    }

    private func dropLink() -> Int {
        defer { link = nil }
        link?.discard()
        earlierWrites += link?.writes ?? 0
        return link?.unwritten ?? 0
    }
}
