import Cryptography
import Loops
import Synchronization

/// The keys of an outside issuer, fetched on a separate thread. One instance for all loops of a process.
final class IssuerKeys: Sendable {
    private struct State {
        var cache = KeyCache()
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let workers = Workers(threads: 1, queueLimit: 1, laneLimit: 1)
    private let fetch: @Sendable () -> [UInt8]?
    private let clock: @Sendable () -> Int64

    /// The most requests that wait for one fetch, far fewer than a loop handles at a time. Together with the deadline
    /// of the fetch, this bounds how many requests an unresponsive issuer can delay.
    private static let maximumWaiters = 32

    /// - Parameters:
    ///   - fetch: returns the key set's JSON, or `nil`; may block, but must have a deadline.
    ///   - clock: monotonic nanoseconds.
    init(
        fetch: @escaping @Sendable () -> [UInt8]?, clock: @escaping @Sendable () -> Int64 = { monotonicNanoseconds() }
    ) {
        self.fetch = fetch
        self.clock = clock
    }

    /// A cached key.
    subscript(name: String) -> VerificationKey? {
        state.withLock { $0.cache.key(name, now: clock()) }
    }

    /// Returns when the key is cached, or cannot be fetched now.
    func find(_ name: String) async {
        let (answer, fetches) = state.withLock { $0.cache.ask(name, now: clock()) }
        if fetches { begin() }
        guard answer == .wait else { return }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let waits = state.withLock { state in
                // The fetch may have ended in the meantime.
                guard state.cache.isFetching, state.waiters.count < Self.maximumWaiters else { return false }
                state.waiters.append(continuation)
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    private func begin() {
        workers.submit(as: .command) { [self] mayRun in end(mayRun ? fetch().flatMap { KeySet($0) } : nil) }
    }

    private func end(_ keys: KeySet?) {
        let waiters = state.withLock { state in
            state.cache.fetched(keys, now: clock())
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
