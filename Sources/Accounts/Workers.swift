import Glibc
import Synchronization

/// A few threads for work that would stall a loop, and a bounded queue before them.
///
/// A thread exists only while there is work: starting one costs a thousandth of what it is started for.
final class Workers: Sendable {
    /// A piece of work; told whether it may be done, or is refused.
    typealias Work = @Sendable (_ mayRun: Bool) -> Void

    private struct State {
        var queue: [Work] = []
        var running = 0
    }
    private let state = Mutex(State())
    private let threads: Int
    private let queueLimit: Int

    /// How far behind the loops the threads stand, 0 to 19.
    private static let niceness: Int32 = 15

    /// - Parameters:
    ///   - threads: most at a time, at least 1.
    ///   - queueLimit: most pieces of work that wait for one.
    init(threads: Int, queueLimit: Int) {
        self.threads = threads
        self.queueLimit = queueLimit
    }

    /// Runs `work` on a thread and comes back to the caller's loop; nil when too much waits already.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Value?, Never>) in
            submit { mayRun in unsafe continuation.resume(returning: mayRun ? work() : nil) }
        }
    }

    /// Runs `work` once: on a thread, some time, or here and now when it is refused because too much waits already.
    func submit(_ work: @escaping Work) {
        let (isTaken, needsThread) = state.withLock { state -> (Bool, Bool) in
            let needsThread = state.running < threads
            guard needsThread || state.queue.count < queueLimit else { return (false, false) }
            state.queue.append(work)
            if needsThread { state.running += 1 }
            return (true, needsThread)
        }
        if !isTaken { work(false) }
        if needsThread, !start() { threadRefused() }
    }

    /// The system gives no thread: those that run do the work; with none, all that waits is refused.
    private func threadRefused() {
        let refused = state.withLock { state -> [Work] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            defer { state.queue = [] }
            return state.queue
        }
        for work in refused { work(false) }
    }

    /// The corresponding C function is `pthread_create`.
    private func start() -> Bool {
        var thread = pthread_t()
        let this = unsafe Unmanaged.passRetained(self)
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Workers>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, this.toOpaque())
        guard result == 0 else {
            unsafe this.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func work() {
        // Who books goes before who logs in. On Linux the priority is the thread's own (setpriority(2), "C library/kernel
        // differences"); where it is refused, the work is done all the same.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        while let next = next() { next(true) }
    }

    private func next() -> Work? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }
}
