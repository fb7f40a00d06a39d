import Booking
import EventLoop
import Records
import RedisClient

/// The calls on this loop that wait until a booking's version is persisted.
///
/// The reconciler publishes an acknowledgement after its commit. It may arrive before the call that is to wait for it has
/// registered: what arrived a moment ago is remembered. It may be lost: each wait reads the row once before it gives up,
/// and all do that wait when a lost subscription is back, or begin to wait soon after.
final class AckRegistry {
    /// What came of a confirming call's wait.
    enum Outcome {
        /// PostgreSQL has it.
        case written
        /// It does not have it yet.
        case unwritten
        /// This copy bears no more waits.
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

    /// Longest wait for the row's version; a PostgreSQL that hangs must not make an answer hang.
    private static let readTime = Duration.milliseconds(500)

    /// Refused bookings that are remembered: there should be none.
    private static let overruledLimit = 1000
    private var overruled: Set<BookingID> = []

    /// Whether PostgreSQL answered when it was last asked.
    private(set) var canRead = true

    private let loop: EventLoop
    private let store: BookingStore
    private let allowance: WaitAllowance
    private var waits: [BookingID: [Wait]] = [:]
    private var recent = RecentAcks()
    /// When a lost subscription was back.
    private var resubscribedAt: Int64?
    /// Waits in vain, while nothing is written down at all: then one a second finds out, and the others do not wait.
    private var breaker = CircuitBreaker(threshold: 3, pause: .seconds(1))

    init(loop: EventLoop, store: BookingStore, allowance: WaitAllowance) {
        self.loop = loop
        self.store = store
        self.allowance = allowance
    }

    /// Takes a message of the reconciler: lines of `booking version at epoch`, and `oversold` when there will be no record.
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

    /// Calls that wait.
    var waiting: Int { waits.values.reduce(0) { $0 + $1.count } }

    /// Whether it was heard that PostgreSQL refused the booking, since others have what it took.
    func isOverruled(_ booking: BookingID) -> Bool { overruled.contains(booking) }

    /// Messages may have been lost: the rows of all that wait are read, and of those that begin to wait soon.
    func resubscribed() {
        resubscribedAt = monotonicNanoseconds()
        for booking in waits.keys {
            loop.spawn { [weak self] in await self?.read(booking) }
        }
    }

    /// The wait of a confirming call, one of those that a copy bears a number of.
    ///
    /// - Parameter isOld: whether the version was made before this call, so that its ack may have passed.
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

    /// Whether PostgreSQL has the booking in this very version, or gets it within `time`.
    ///
    /// A number as high proves nothing: Redis may have lost this version, and gone on from an earlier one.
    ///
    /// - Parameter isWished: whether the client asked for this very wait, so that it is not cut short.
    func isWritten(
        _ booking: BookingID, _ version: BookingVersion, within time: Duration, isWished: Bool = false
    ) async -> Bool {
        if recent.has(booking, version, now: monotonicNanoseconds()) { return true }
        // There will be no record of it.
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
                // Its acknowledgement may have been among those that were lost.
                if mayHaveMissed { loop.spawn { [weak self] in await self?.read(booking) } }
            } else {
                lookUp(booking, wait)
            }
        }
    }

    private var mayHaveMissed: Bool {
        resubscribedAt.map { monotonicNanoseconds() - $0 < RecentAcks.nanoseconds } ?? false
    }

    /// The row is read before a call is answered that it is not persisted.
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
        // Hardly ever are there several.
        let rest = all.count == 1 && all[0].version == version ? [] : all.filter { $0.version != version }
        waits[booking] = rest.isEmpty ? nil : rest
        for wait in all where wait.version == version { wait.end(true) }
    }
}
