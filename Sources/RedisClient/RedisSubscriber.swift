public import EventLoop

/// Listens to one channel on a connection of its own, made anew whenever it breaks. Messages sent meanwhile are lost.
public final class RedisSubscriber {
    private let loop: EventLoop
    private let configuration: RedisConfiguration
    private let channel: String
    private let onMessage: (String) -> Void
    private let onSubscribed: () -> Void
    private var transport: RedisTransport?
    private var hook: TickHook?
    private var reconnect: LoopTimer?
    private var backoff: Backoff
    private var random = SystemRandomNumberGenerator()
    private var isClosed = false

    /// A subscriber that is not begun yet. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - onMessage: told each message.
    ///   - onSubscribed: told each time the subscription stands (again); what was published before may have been lost.
    public init(
        loop: EventLoop, configuration: RedisConfiguration, channel: String,
        onMessage: @escaping (String) -> Void, onSubscribed: @escaping () -> Void
    ) {
        self.loop = loop
        self.configuration = configuration
        self.channel = channel
        self.onMessage = onMessage
        self.onSubscribed = onSubscribed
        self.backoff = Backoff(configuration.backoff)
    }

    /// Begins connecting, and goes on for ever until `close`.
    public func start() {
        hook = loop.atEndOfTick(.flush) { [weak self] in self?.transport?.flush() }
        connect()
    }

    /// Listens no more.
    public func close() {
        isClosed = true
        if let hook { loop.remove(hook) }
        hook = nil
        reconnect?.cancel()
        transport?.close("closed")
    }

    private func connect() {
        guard !isClosed else { return }
        do {
            let transport = try RedisTransport(loop: loop, address: configuration.address)
            transport.onConnected = { [unowned self] in self.greet() }
            transport.onReply = { [unowned self] in self.received($0) }
            transport.onGone = { [unowned self] _ in self.gone() }
            self.transport = transport
        } catch {
            connectLater()
        }
    }

    private func greet() {
        if let password = configuration.password {
            _ = transport?.send(RedisCommand(["AUTH"] + (configuration.user.map { [$0] } ?? []) + [password]))
        }
        _ = transport?.subscribe(channel)
    }

    private func received(_ value: RedisValue) {
        if case .error(let text) = value {
            transport?.close(text)
            return
        }
        guard let part = value.array, part.count == 3 else { return }
        switch part[0].string {
        case "subscribe":
            backoff.succeeded()
            onSubscribed()
        case "message":
            onMessage(part[2].string ?? "")
        default:
            break
        }
    }

    private func gone() {
        transport = nil
        connectLater()
    }

    private func connectLater() {
        guard !isClosed else { return }
        let delay = backoff.failed(using: &random)
        reconnect = try? LoopTimer(loop: loop, after: delay, repeats: false) { [weak self] in self?.connect() }
    }
}
