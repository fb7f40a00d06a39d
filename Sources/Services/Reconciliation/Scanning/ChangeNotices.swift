import BoxOffice
package import RedisClient
package import SeatInventory

/// Announces which partitions have changed, so that quiet ones need not be polled all the time.
///
/// Changes are published anyway (`Inventory.changeChannel`), for the display of availability. A change shortly after
/// another is not published, and need not be: a partition whose change was announced is scanned several times. A lost
/// message costs only time, because quiet partitions are still polled slowly. While changes are frequent, messages cost
/// more than polling: the channel is left, and subscribed again when changes are rare.
package final class ChangeNotices {
    private let subscriber: RedisSubscriber
    private let keys: KeySpace
    private var isEnabled = false
    private var received = 0
    private var entries = 0
    /// Called with the partition of each event that has changed.
    var onChange: (Partition) -> Void = { _ in }
    /// Called when changes may have been missed, or will be: every partition has to be scanned.
    var onGap: () -> Void = {}

    /// Above this many messages, or outbox entries, between two ticks the channel is left.
    private static let limit = 100

    /// Takes a subscriber for its exclusive use, and starts it. On the loop's thread only.
    package init(subscriber: RedisSubscriber, keys: KeySpace) throws(RedisError) {
        self.subscriber = subscriber
        self.keys = keys
        subscriber.onResubscribe = { [weak self] in self?.onGap() }
        try subscriber.start()
    }

    /// Whether every change from now on is announced, as long as no message is lost.
    var isListening: Bool { isEnabled && subscriber.isSubscribed }

    /// Decides whether to listen; call it once a second.
    ///
    /// - Parameter total: how many outbox entries were persisted so far.
    func tick(entries total: Int) {
        let persisted = total - entries
        entries = total
        received = 0
        guard !isEnabled, persisted <= Self.limit else { return }
        isEnabled = true
        subscriber.subscribe(Inventory.changeChannel) { [weak self] in self?.handle($0) }
    }

    package func close() { subscriber.close() }

    private func handle(_ message: [UInt8]) {
        guard isEnabled else { return }
        received += 1
        guard received <= Self.limit else {
            isEnabled = false
            subscriber.unsubscribe(Inventory.changeChannel)
            return onGap()
        }
        guard let event = UUIDBytes(utf8: message[...]) else { return }
        onChange(keys.partition(of: EventID(event)))
    }
}
