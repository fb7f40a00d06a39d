import Booking
import EventLoop
import Records
import RedisClient

/// Who on this loop waits to hear that a booking's version is written down.
///
/// The reconciler publishes it after its commit; messages may be lost, so that each wait reads the row once before it
/// gives up, and all do after a new subscription.
final class AckRegistry {
    private final class Wait {
        let version: Int64
        var resume: ((Bool) -> Void)?
        var timer: LoopTimer?
        init(version: Int64) { self.version = version }
    }

    /// Waits a copy bears; beyond, answers are 202 at once.
    private static let limit = 1000

    private let loop: EventLoop
    private let store: BookingStore
    private var waits: [BookingID: [Wait]] = [:]
    private var count = 0

    init(loop: EventLoop, store: BookingStore) {
        self.loop = loop
        self.store = store
    }

    /// Takes a message of the reconciler: `booking version epoch`.
    func received(_ message: String) {
        let part = message.split(separator: " ")
        guard part.count == 3, let uuid = UUIDBytes(part[0]), let version = Int64(part[1]) else { return }
        finish(BookingID(stored: uuid), upTo: version)
    }

    /// Messages may have been lost: whoever waits has the row read.
    func resubscribed() {
        for booking in waits.keys {
            loop.spawn { [weak self] in
                guard let self, let version = try? await self.store.version(booking) else { return }
                self.finish(booking, upTo: version)
            }
        }
    }

    /// Waits until PostgreSQL has the booking in this version or a later one.
    ///
    /// - Returns: whether it has.
    func wait(_ booking: BookingID, _ version: Int64, for time: Duration) async -> Bool {
        if time > .zero, count < Self.limit, await hear(booking, version, time) { return true }
        return ((try? await store.version(booking)) ?? 0) >= version
    }

    private func hear(_ booking: BookingID, _ version: Int64, _ time: Duration) async -> Bool {
        let wait = Wait(version: version)
        count += 1
        defer { count -= 1 }
        return await withUnsafeContinuation { continuation in
            wait.resume = { continuation.resume(returning: $0) }
            wait.timer = try? LoopTimer(loop: loop, after: time, repeats: false) { [weak self] in
                self?.forget(booking, wait)
            }
            waits[booking, default: []].append(wait)
            if wait.timer == nil { forget(booking, wait) }
        }
    }

    private func forget(_ booking: BookingID, _ wait: Wait) {
        waits[booking]?.removeAll { $0 === wait }
        if waits[booking]?.isEmpty == true { waits[booking] = nil }
        wait.resume?(false)
        wait.resume = nil
    }

    private func finish(_ booking: BookingID, upTo version: Int64) {
        guard let all = waits[booking] else { return }
        let rest = all.filter { $0.version > version }
        waits[booking] = rest.isEmpty ? nil : rest
        for wait in all where wait.version <= version {
            wait.timer?.cancel()
            wait.resume?(true)
            wait.resume = nil
        }
    }
}
