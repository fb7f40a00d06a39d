import BoxOffice
import HTTP
import Loops
import Metrics
import SeatInventory

/// The clients of one loop that listen to events. Lives on the loop.
final class LiveListeners {
    private final class Listener {
        /// `nil` until its opening is read.
        var stream: HTTPResponseStream?
        /// The number of the last message that its opening covers.
        var told = 0
        var waiting: [LiveOutlet.Post] = []
    }

    private let loop: EventLoop
    private let feed: LiveFeed
    private let outlet: LiveOutlet
    private var listeners: [EventID: [ObjectIdentifier: Listener]] = [:]
    private var heartbeat: LoopTimer?
    /// The number of listeners with a stream.
    private(set) var count = 0

    /// Short enough for every proxy on the way (api.md).
    private static let heartbeatInterval = Duration.seconds(15)
    /// Milliseconds until a client reconnects; randomized so that a process's clients do not all reconnect at once.
    private static let retryRange = 1000...3000

    init(loop: EventLoop, feed: LiveFeed) {
        self.loop = loop
        self.feed = feed
        outlet = LiveOutlet(loop: loop)
        outlet.receive = { [weak self] in self?.tell($0) }
        heartbeat = try? LoopTimer(loop: loop, after: Self.heartbeatInterval, repeats: true) { [weak self] in
            self?.beat()
        }
    }

    /// Opens a client's stream.
    ///
    /// - Parameter last: the sequence number that the client has.
    /// - Returns: the stream and the bytes that precede it; `nil` if Redis does not have the event.
    func open(
        _ event: EventID, after last: Int64?
    ) async throws(InventoryError) -> (beginning: [UInt8], stream: HTTPResponseStream)? {
        // Registered before the present state is read, so that no change between the two is lost.
        let listener = Listener()
        listeners[event, default: [:]][ObjectIdentifier(listener)] = listener
        let (feed, outlet) = (feed, outlet)
        let opening: LiveFeed.Opening?
        do throws(InventoryError) {
            opening = try await feed.loop.run { _ throws(InventoryError) in
                try await feed.join(event, after: last, outlet)
            }
        } catch {
            remove(listener, event)
            throw error
        }
        guard let opening else {
            remove(listener, event)
            return nil
        }
        let stream = HTTPResponseStream(loop: loop, backlogBytes: opening.backlogBytes)
        listener.stream = stream
        listener.told = opening.told
        count += 1
        stream.onClose = { [weak self] in self?.closed(listener, event) }
        var beginning = Array("retry: \(Int.random(in: Self.retryRange))\n\n".utf8) + opening.message.bytes
        for post in listener.waiting where post.number > opening.told { beginning += post.message.bytes }
        listener.waiting = []
        return (beginning, stream)
    }

    private func remove(_ listener: Listener, _ event: EventID) {
        listeners[event]?[ObjectIdentifier(listener)] = nil
        if listeners[event]?.isEmpty == true { listeners[event] = nil }
    }

    private func closed(_ listener: Listener, _ event: EventID) {
        remove(listener, event)
        count -= 1
        let (feed, outlet) = (feed, outlet)
        loop.spawn { await feed.loop.run { _ in feed.leave(event, outlet) } }
    }

    private func tell(_ post: LiveOutlet.Post) {
        for listener in (listeners[post.event] ?? [:]).values {
            guard let stream = listener.stream else {
                listener.waiting.append(post)
                continue
            }
            if post.number > listener.told { write(post.message.bytes, to: stream) }
        }
    }

    private func beat() {
        let comment = Array(":\n\n".utf8)
        for listener in listeners.values.flatMap(\.values) {
            if let stream = listener.stream { write(comment, to: stream) }
        }
    }

    private func write(_ bytes: [UInt8], to stream: HTTPResponseStream) {
        // Disconnected clients are no longer among the listeners, so a failed write means a slow client that was cut
        // off.
        if !stream.write(bytes) { ServeMetrics.shared.listenersCut[].add() }
    }
}
