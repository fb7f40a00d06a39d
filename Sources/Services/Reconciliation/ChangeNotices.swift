import BoxOffice
package import RedisClient
package import SeatInventory

/// Hears which partitions have changed, so that quiet ones need not be asked all the time.
///
/// Redis is told of changes anyway (`Inventory.changeChannel`), for whoever shows availability. What changes shortly after
/// that is not told again, and need not be: a partition that was heard of is looked at several times. A message that is
/// lost costs only time: quiet partitions are asked on a slow clock all the same. While much changes, messages cost more
/// than questions do, so that the channel is left, and entered again when little changes.
package final class ChangeNotices {
    private let subscriber: RedisSubscriber
    private let keys: KeySpace
    private var isListening = false
    private var received = 0
    private var entries = 0
    /// Told the partition of each event that has changed.
    var onChange: (Partition) -> Void = { _ in }
    /// Told when changes may have been missed, or will be: every partition has to be looked at.
    var onGap: () -> Void = {}

    /// Messages, or outbox entries, in one `tick`, above which it does not listen.
    private static let limit = 100

    /// On a subscriber of its own, which it starts. On the loop's thread only.
    package init(subscriber: RedisSubscriber, keys: KeySpace) throws(RedisError) {
        self.subscriber = subscriber
        self.keys = keys
        subscriber.onResubscribe = { [weak self] in self?.onGap() }
        try subscriber.start()
    }

    /// Whether every change from now on is told, as long as no message is lost.
    var isHearing: Bool { isListening && subscriber.isSubscribed }

    /// To be called once a second.
    ///
    /// - Parameter total: how many outbox entries were persisted so far.
    func tick(entries total: Int) {
        let persisted = total - entries
        entries = total
        received = 0
        guard !isListening, persisted <= Self.limit else { return }
        isListening = true
        subscriber.subscribe(Inventory.changeChannel) { [weak self] in self?.heard($0) }
    }

    /// Ends it.
    package func close() { subscriber.close() }

    private func heard(_ message: [UInt8]) {
        guard isListening else { return }
        received += 1
        guard received <= Self.limit else {
            isListening = false
            subscriber.unsubscribe(Inventory.changeChannel)
            return onGap()
        }
        guard let event = UUIDBytes(utf8: message[...]) else { return }
        onChange(keys.partition(of: EventID(event)))
    }
}
