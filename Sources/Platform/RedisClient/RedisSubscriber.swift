package import Loops

/// A connection that receives published messages (SUBSCRIBE). It lives on one loop, and reconnects and resubscribes
/// until it is closed.
///
/// Messages published while it is not subscribed are lost; read the current state elsewhere when
/// `onResubscribe` is called.
package final class RedisSubscriber {
    /// Called on the loop when all channels are subscribed again after a loss.
    package var onResubscribe: () -> Void = {}

    private let transport: RedisTransport
    private let silenceNanoseconds: Int64
    private var channels: [String: ([UInt8]) -> Void] = [:]
    private var unconfirmed: Set<String> = []
    private var wasLost = false
    private var lastHeard: Int64 = 0
    private var pinged = false

    /// Creates a subscriber; call `start` to connect.
    ///
    /// - Parameter configuration: `commandTimeout` is also how long the server may be silent before it is pinged, and
    ///   how long it may then take to answer.
    package init(loop: EventLoop, configuration: RedisConfiguration) {
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
    /// - Throws: `.misuse` if the loop is out of memory for a timer.
    package func start() throws(RedisError) { try transport.start() }

    /// Closes the connection and removes all channels. On the loop's thread only.
    package func close() {
        transport.close()
        channels = [:]
    }

    /// Whether the server has confirmed every channel on the current connection.
    package var isSubscribed: Bool { transport.isOpen && unconfirmed.isEmpty }

    /// Subscribes to a channel, also after reconnecting. On the loop's thread only.
    ///
    /// - Parameter onMessage: called on the loop with each payload; replaces an earlier handler of the channel.
    package func subscribe(_ channel: String, onMessage: @escaping ([UInt8]) -> Void) {
        let known = channels.updateValue(onMessage, forKey: channel) != nil
        if !known, transport.isOpen { request(channel) }
    }

    /// Unsubscribes from a channel. On the loop's thread only.
    package func unsubscribe(_ channel: String) {
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
        if pinged { return transport.fail("it stopped answering") }
        pinged = true
        lastHeard = now
        transport.append(RedisCommand("PING").bytes)
    }
}
