import BoxOffice
import Loops
import Records
import RedisClient

/// The calls on this loop that wait until a booking's version is persisted.
///
/// The reconciler publishes an acknowledgement after its commit. It may arrive before the call that needs it has
/// registered, so recent acknowledgements are remembered. It may be lost, so each wait reads the row once before it
/// gives up; when a lost subscription is restored, all current waits, and those that begin soon after, read their rows
/// at once.
final class AckRegistry {
    /// The result of a confirming call's wait.
    enum Outcome {
        /// PostgreSQL has it.
        case written
        /// PostgreSQL does not have it yet.
        case unwritten
        /// This process accepts no more waits.
        case refused
    }

    private final class Wait {
        let version: BookingVersion
        var timer: LoopTimer?
        private var resume: ((Bool) -> Void)?

        init(version: BookingVersion, resume: @escaping (Bool) -> Void) {
            self.version = version
            self.resume = resume
        }

        func end(_ isWritten: Bool) {
            timer?.cancel()
            resume?(isWritten)
            resume = nil
        }
    }

    /// Longest wait for the row's version: a PostgreSQL that hangs must not block an answer.
    private static let readTime = Duration.milliseconds(500)

    /// How many overruled bookings are remembered; there should be none.
    private static let overruledLimit = 1000
    private var overruled: Set<BookingID> = []

    /// Whether PostgreSQL answered the last query.
    private(set) var canRead = true

    private let loop: EventLoop
    private let store: BookingStore
    private let allowance: WaitAllowance
    private var waits: [BookingID: [Wait]] = [:]
    private var recent = RecentAcks()
    /// When a lost subscription was last restored.
    private var resubscribedAt: Int64?
    /// Counts waits that fail because nothing is being persisted: then one wait a second probes, and the others return
    /// at once.
    private var breaker = CircuitBreaker(threshold: 3, pause: .seconds(1))

    init(loop: EventLoop, store: BookingStore, allowance: WaitAllowance) {
        self.loop = loop
        self.store = store
        self.allowance = allowance
    }

    /// Handles a message of the reconciler: lines of `booking version at epoch`, followed by `oversold` if the booking
    /// will never be persisted.
    func received(_ message: [UInt8]) {
        var lines = FieldReader(message[...], separator: "\n")
        while let line = lines.next() { received(line: line) }
    }

    private func received(line: ArraySlice<UInt8>) {
        var fields = FieldReader(line, separator: " ")
        guard let uuid = fields.next().flatMap({ UUIDBytes(utf8: $0) }), let number = fields.integer(Int64.self),
            let at = fields.integer(Int64.self), fields.next() != nil
        else { return }
        breaker.succeeded()
        let booking = BookingID(stored: uuid)
        guard !fields.isAtEnd else {
            let version = BookingVersion(number: number, at: at)
            recent.note(booking, version, now: monotonicNanoseconds())
            return finish(booking, version)
        }
        if overruled.count >= Self.overruledLimit { overruled.removeAll() }
        overruled.insert(booking)
        for wait in waits.removeValue(forKey: booking) ?? [] { wait.end(false) }
    }

    /// The number of waiting calls.
    var waiting: Int { waits.values.reduce(0) { $0 + $1.count } }

    /// Whether the reconciler reported that PostgreSQL refused the booking, because other bookings have its units.
    func isOverruled(_ booking: BookingID) -> Bool { overruled.contains(booking) }

    /// Called when the subscription is restored. Messages may have been lost: reads the rows of all waiting calls, and
    /// of those that begin to wait soon.
    func resubscribed() {
        resubscribedAt = monotonicNanoseconds()
        for booking in waits.keys {
            loop.spawn { [weak self] in await self?.read(booking) }
        }
    }

    /// The wait of a confirming call; a process allows a limited number of them.
    ///
    /// - Parameter isOld: whether the version was made before this call, so that its acknowledgement may have been
    ///   missed.
    func wait(
        _ booking: BookingID, _ version: BookingVersion, for preference: Preference, isOld: Bool
    ) async -> Outcome {
        let time = preference.wait
        if isOld || time == .zero, await isWritten(booking, version, within: .zero) { return .written }
        if time == .zero { return .unwritten }
        guard allowance.take() else { return .refused }
        defer { allowance.giveBack() }
        let isWritten = await isWritten(booking, version, within: time, isWished: preference.applied != nil)
        return isWritten ? .written : .unwritten
    }

    /// Whether PostgreSQL has the booking in exactly this version, or gets it within `time`.
    ///
    /// A version number that is high enough proves nothing: Redis may have lost this version and continued from an
    /// earlier one.
    ///
    /// - Parameter isWished: whether the client asked for this wait, so that the breaker does not cut it short.
    func isWritten(
        _ booking: BookingID, _ version: BookingVersion, within time: Duration, isWished: Bool = false
    ) async -> Bool {
        if recent.has(booking, version, now: monotonicNanoseconds()) { return true }
        // An overruled booking is never persisted.
        if overruled.contains(booking) { return false }
        guard time > .zero else { return await wait(booking, version, .zero) }
        guard isWished || breaker.admits(now: monotonicNanoseconds()) else {
            return await wait(booking, version, .zero)
        }
        let isWritten = await wait(booking, version, time)
        if isWritten { breaker.succeeded() } else { breaker.failed(now: monotonicNanoseconds()) }
        return isWritten
    }

    private func wait(_ booking: BookingID, _ version: BookingVersion, _ time: Duration) async -> Bool {
        await withUnsafeContinuation { continuation in
            let wait = Wait(version: version) { continuation.resume(returning: $0) }
            waits[booking, default: []].append(wait)
            if time > .zero {
                after(time, wait, booking) { $0.lookUp(booking, wait) }
                // The acknowledgement may have been lost with the subscription.
                if mayHaveMissed { loop.spawn { [weak self] in await self?.read(booking) } }
            } else {
                lookUp(booking, wait)
            }
        }
    }

    private var mayHaveMissed: Bool {
        resubscribedAt.map { monotonicNanoseconds() - $0 < RecentAcks.nanoseconds } ?? false
    }

    /// Reads the row before the call is answered as not persisted.
    private func lookUp(_ booking: BookingID, _ wait: Wait) {
        loop.spawn { [weak self] in
            await self?.read(booking)
            self?.giveUp(booking, wait)
        }
        after(Self.readTime, wait, booking) {
            $0.canRead = false
            $0.giveUp(booking, wait)
        }
    }

    private func read(_ booking: BookingID) async {
        do {
            let version = try await store.made(of: [booking])[booking]
            canRead = true
            if let version { finish(booking, version) }
        } catch {
            canRead = false
        }
    }

    private func after(
        _ time: Duration, _ wait: Wait, _ booking: BookingID, _ action: @escaping (AckRegistry) -> Void
    ) {
        wait.timer?.cancel()
        wait.timer = try? LoopTimer(loop: loop, after: time, repeats: false) { [weak self] in
            if let self { action(self) }
        }
        // Without memory for a timer there is no wait.
        if wait.timer == nil { giveUp(booking, wait) }
    }

    private func giveUp(_ booking: BookingID, _ wait: Wait) {
        waits[booking]?.removeAll { $0 === wait }
        if waits[booking]?.isEmpty == true { waits[booking] = nil }
        wait.end(false)
    }

    private func finish(_ booking: BookingID, _ version: BookingVersion) {
        guard !waits.isEmpty, let all = waits[booking] else { return }
        // Usually there is only one wait.
        let rest = all.count == 1 && all[0].version == version ? [] : all.filter { $0.version != version }
        waits[booking] = rest.isEmpty ? nil : rest
        for wait in all where wait.version == version { wait.end(true) }
    }
}
