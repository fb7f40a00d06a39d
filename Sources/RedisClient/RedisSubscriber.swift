public import EventLoop

/// A connection that receives what is published (SUBSCRIBE). It lives on one loop and connects and subscribes again for
/// ever until it is closed.
///
/// What is published while it is not subscribed is lost; `onResubscribe` says when to look elsewhere for it.
public final class RedisSubscriber {
    /// Called on the loop when, after a loss, all channels are subscribed again.
    public var onResubscribe: () -> Void = {}

    private let transport: RedisTransport
    private let silenceNanoseconds: Int64
    private var channels: [String: ([UInt8]) -> Void] = [:]
    private var unconfirmed: Set<String> = []
    private var wasLost = false
    private var lastHeard: Int64 = 0
    private var pinged = false

    /// Prepares a subscriber that `start` begins.
    ///
    /// - Parameter configuration: `commandTimeout` is also how long the server may be silent before it is asked whether
    ///   it is there, and then how long it may take to answer.
    public init(loop: EventLoop, configuration: RedisConfiguration) {
        silenceNanoseconds = configuration.commandTimeout.nanoseconds
        transport = RedisTransport(loop: loop, configuration: configuration)
        transport.onOpen = { [weak self] _ in self?.opened() }
        transport.onReply = { [weak self] in self?.received($0) }
        transport.onLost = { [weak self] _ in self?.lost() }
        transport.onHeartbeat = { [weak self] in
            self?.heartbeat($0)
            return self.map { $0.lastHeard + $0.silenceNanoseconds } ?? .max
        }
    }

    /// Connects in the background. On the loop's thread only.
    ///
    /// - Throws: `.misuse` when the loop has no memory for a timer.
    public func start() throws(RedisError) { try transport.start() }

    /// Ends the connection and forgets the channels. On the loop's thread only.
    public func close() {
        transport.close()
        channels = [:]
    }

    /// Whether the server has confirmed every channel on the present connection.
    public var isSubscribed: Bool { transport.isOpen && unconfirmed.isEmpty }

    /// Receives a channel's messages from about now on, also after reconnecting. On the loop's thread only.
    ///
    /// - Parameter onMessage: called on the loop with each payload; it replaces an earlier one of the same channel.
    public func subscribe(_ channel: String, onMessage: @escaping ([UInt8]) -> Void) {
        let known = channels.updateValue(onMessage, forKey: channel) != nil
        if !known, transport.isOpen { request(channel) }
    }

    /// Receives a channel's messages no more. On the loop's thread only.
    public func unsubscribe(_ channel: String) {
        guard channels.removeValue(forKey: channel) != nil else { return }
        unconfirmed.remove(channel)
        if transport.isOpen { transport.append(RedisCommand("UNSUBSCRIBE", channel).bytes) }
    }

    private func request(_ channel: String) {
        unconfirmed.insert(channel)
        transport.append(RedisCommand("SUBSCRIBE", channel).bytes)
    }

    // MARK: - The transport's callbacks

    private func opened() {
        lastHeard = monotonicNanoseconds()
        pinged = false
        for channel in channels.keys { request(channel) }
        if channels.isEmpty { confirmed() }
    }

    private func lost() {
        wasLost = true
        unconfirmed = []
    }

    private func received(_ reply: RedisValue) {
        lastHeard = monotonicNanoseconds()
        pinged = false
        if case .error(let error) = reply { return transport.fail("a channel was refused (\(error.kind.prefix))") }
        guard let parts = reply.array, parts.count == 3, let channel = parts[1].string else { return }
        switch parts[0].string {
        case "message": if let payload = parts[2].bytes { channels[channel]?(payload) }
        case "subscribe": if unconfirmed.remove(channel) != nil, unconfirmed.isEmpty { confirmed() }
        default: break
        }
    }

    private func confirmed() {
        guard wasLost else { return }
        wasLost = false
        onResubscribe()
    }

    private func heartbeat(_ now: Int64) {
        guard transport.isOpen, now - lastHeard >= silenceNanoseconds else { return }
        if pinged { return transport.fail("it fell silent") }
        pinged = true
        lastHeard = now
        transport.append(RedisCommand("PING").bytes)
    }
}
