import BoxOffice
package import Loops
package import RedisClient
import SeatInventory

/// Receives the changes of events, once per process, and reads each changed event once, however many loops and
/// listeners there are.
///
/// Redis publishes that an event has changed (`Inventory.changeChannel`); the feed reads its present state, at most
/// every 100 ms, and sends it to the loops that have listeners. Redis does not publish further changes shortly after
/// one: an event that was read within that time (`Inventory.changeSilence`) is read once more. Messages may be lost:
/// without a subscription, events with listeners are read every half second, with one they are still read every 15 s,
/// and after a resubscription every listener gets the whole state.
package final class LiveFeed: @unchecked Sendable {
    // SAFETY of @unchecked: everything but the loop is accessed in the loop's isolation only.
    let loop: EventLoop
    private let connection: RedisConnection
    private let subscriber: RedisSubscriber
    private let inventory: Inventory
    private var topics: [String: Subject] = [:]
    private var sweep: LoopTimer?

    /// The shortest time between two reads of an event, nanoseconds.
    private static let interval: Int64 = 100_000_000
    /// The time until a failed read is retried, nanoseconds.
    private static let retry: Int64 = 500_000_000
    /// How often events with listeners are read without a message, and unused ones are dropped.
    private static let sweepInterval = Duration.seconds(15)
    /// How long an event's history is kept without listeners, so that they can resume when they reconnect.
    private static let keepNanoseconds: Int64 = 300_000_000_000
    /// Most events kept without listeners.
    private static let keptLimit = 1000

    /// An event that has listeners, or had some recently.
    private final class Subject {
        let event: EventID
        var live = LiveTopic()
        /// How many messages were sent for the event.
        var told = 0
        /// The number of listeners on each loop.
        var outlets: [ObjectIdentifier: (outlet: LiveOutlet, count: Int)] = [:]
        var isDirty = false
        /// When its last change was received, on the monotonic clock in nanoseconds.
        var heardAt = Int64.min / 2
        var isReading = false
        var sendsSnapshot = false
        var nextReading: Int64 = 0
        var timer: LoopTimer?
        var waiting: [UnsafeContinuation<InventoryError?, Never>] = []
        var quietSince: Int64 = 0

        init(_ event: EventID) { self.event = event }
    }

    /// Connects in the background. On the loop's thread only.
    package init(loop: EventLoop, redis: RedisConfiguration, partitions: Int) throws(RedisError) {
        self.loop = loop
        connection = RedisConnection(loop: loop, configuration: redis)
        subscriber = RedisSubscriber(loop: loop, configuration: redis)
        inventory = Inventory(loop: loop, connection: connection, keys: KeySpace(partitions: partitions), channel: "")
        subscriber.subscribe(Inventory.changeChannel) { [weak self] in
            self?.changed(String(decoding: $0, as: UTF8.self))
        }
        subscriber.onResubscribe = { [weak self] in self?.resubscribed() }
        sweep = try? LoopTimer(loop: loop, after: Self.sweepInterval, repeats: true) { [weak self] in self?.swept() }
        try connection.start()
        try subscriber.start()
    }

    /// Stops the feed. On the loop's thread only.
    package func close() {
        sweep?.cancel()
        sweep = nil
        for subject in topics.values { subject.timer?.cancel() }
        topics = [:]
        subscriber.close()
        connection.close()
    }

    // MARK: - Listeners

    /// What a new listener gets first.
    struct Opening: Sendable {
        let message: LiveMessage
        /// The number of the last message that `message` already covers.
        let told: Int
        let backlogBytes: Int
    }

    /// Adds a listener on a loop; from now on its outlet gets the event's changes.
    ///
    /// - Parameter last: the sequence number that the listener has.
    /// - Returns: `nil` if Redis does not have the event; no listener is added then.
    func join(_ event: EventID, after last: Int64?, _ outlet: LiveOutlet) async throws(InventoryError) -> Opening? {
        let key = event.description
        let subject = topics[key] ?? Subject(event)
        topics[key] = subject
        // Without listeners the event was not read, and without a subscription no change is received.
        let isStale =
            subject.outlets.isEmpty || subject.live.picture == nil || subject.sendsSnapshot || !subscriber.isSubscribed
        subject.outlets[ObjectIdentifier(outlet), default: (outlet, 0)].count += 1
        do throws(InventoryError) {
            // Another replica may have sent more than this process has read.
            if isStale || last ?? 0 > subject.live.picture?.sequence ?? 0 { try await read(subject) }
        } catch {
            leave(event, outlet)
            throw error
        }
        guard let message = subject.live.opening(after: last) else {
            leave(event, outlet)
            return nil
        }
        return Opening(message: message, told: subject.told, backlogBytes: subject.live.backlogBytes)
    }

    /// Removes a listener.
    func leave(_ event: EventID, _ outlet: LiveOutlet) {
        guard let subject = topics[event.description] else { return }
        let id = ObjectIdentifier(outlet)
        subject.outlets[id]?.count -= 1
        if subject.outlets[id]?.count == 0 { subject.outlets[id] = nil }
        guard subject.outlets.isEmpty else { return }
        subject.timer?.cancel()
        subject.timer = nil
        subject.quietSince = monotonicNanoseconds()
        if subject.live.picture == nil || topics.count > Self.keptLimit { topics[event.description] = nil }
    }

    // MARK: - Changes

    private func changed(_ event: String) {
        topics[event]?.heardAt = monotonicNanoseconds()
        refresh(event)
    }

    private func refresh(_ event: String) {
        guard let subject = topics[event], !subject.outlets.isEmpty else { return }
        subject.isDirty = true
        schedule(subject)
    }

    private func resubscribed() {
        for subject in topics.values {
            subject.sendsSnapshot = true
            refresh(subject.event.description)
        }
    }

    private func swept() {
        let now = monotonicNanoseconds()
        for (key, subject) in topics {
            if subject.outlets.isEmpty, now - subject.quietSince > Self.keepNanoseconds { topics[key] = nil }
            refresh(key)
        }
    }

    // MARK: - Reading

    private func schedule(_ subject: Subject) {
        guard !subject.isReading, subject.timer == nil else { return }
        let wait = max(0, subject.nextReading - monotonicNanoseconds())
        subject.timer = try? LoopTimer(loop: loop, after: .nanoseconds(wait), repeats: false) { [weak self] in
            subject.timer = nil
            self?.begin(subject)
        }
    }

    /// Waits for a read that begins now, or is running.
    private func read(_ subject: Subject) async throws(InventoryError) {
        let error = await withUnsafeContinuation { continuation in
            subject.waiting.append(continuation)
            begin(subject)
        }
        if let error { throw error }
    }

    private func begin(_ subject: Subject) {
        guard !subject.isReading else { return }
        subject.isReading = true
        let now = monotonicNanoseconds()
        subject.isDirty = now - subject.heardAt < Inventory.changeSilence.nanoseconds
        subject.nextReading = now + Self.interval
        loop.spawn { [weak self] in await self?.look(at: subject) }
    }

    private func look(at subject: Subject) async {
        var failure: InventoryError?
        var picture: LiveSnapshot?
        do throws(InventoryError) {
            picture = try await inventory.picture(subject.event)
            if picture?.isOpen == false { throw InventoryError(.recovering, "the event is being recovered") }
        } catch {
            failure = error
            picture = nil
        }
        subject.isReading = false
        if let picture {
            tell(picture, of: subject)
        } else if subject.live.picture != nil {
            subject.sendsSnapshot = true
        }
        let waiting = subject.waiting
        subject.waiting = []
        for continuation in waiting { continuation.resume(returning: failure) }
        if picture == nil || !subscriber.isSubscribed {
            subject.isDirty = true
            subject.nextReading = monotonicNanoseconds() + Self.retry
        }
        if subject.isDirty, !subject.outlets.isEmpty { schedule(subject) }
    }

    private func tell(_ picture: LiveSnapshot, of subject: Subject) {
        let message = subject.live.update(picture, sendsSnapshot: subject.sendsSnapshot)
        subject.sendsSnapshot = false
        guard let message else { return }
        subject.told += 1
        let post = LiveOutlet.Post(event: subject.event, number: subject.told, message: message)
        for (outlet, _) in subject.outlets.values { outlet.send(post) }
    }
}
