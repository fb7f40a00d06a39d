import Cryptography
import EventLoop
import Synchronization

/// The keys of an outside issuer, fetched on a thread of their own; one for all loops of a process.
final class IssuerKeys: Sendable {
    private struct State {
        var cache = KeyCache()
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let workers = Workers(threads: 1, queueLimit: 1, laneLimit: 1)
    private let fetch: @Sendable () -> [UInt8]?
    private let clock: @Sendable () -> Int64

    /// Requests that wait for one fetch, far fewer than a loop works on: with the fetch's own deadline it bounds what a
    /// silent issuer can hold up.
    private static let maximumWaiters = 32

    /// - Parameters:
    ///   - fetch: gets the set's JSON, or nil; may wait, but not for ever.
    ///   - clock: nanoseconds that never jump.
    init(
        fetch: @escaping @Sendable () -> [UInt8]?, clock: @escaping @Sendable () -> Int64 = { monotonicNanoseconds() }
    ) {
        self.fetch = fetch
        self.clock = clock
    }

    /// A key that is known already.
    subscript(name: String) -> VerificationKey? {
        state.withLock { $0.cache.key(name, now: clock()) }
    }

    /// Comes back when the key is known, or cannot be had now.
    func find(_ name: String) async {
        let (answer, fetches) = state.withLock { $0.cache.ask(name, now: clock()) }
        if fetches { begin() }
        guard answer == .wait else { return }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let waits = state.withLock { state in
                // It may have ended meanwhile.
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
