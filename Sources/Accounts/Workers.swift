import Glibc
import Synchronization

/// A few threads for work that would stall a loop, and bounded queues before them, in which addresses take turns.
///
/// A thread exists only while there is work: starting one costs a thousandth of what it is started for.
final class Workers: Sendable {
    /// A piece of work; told whether it may be done, or is refused.
    typealias Work = @Sendable (_ mayRun: Bool) -> Void

    private struct State {
        var urgent = FairQueue<Work>()
        var patient = FairQueue<Work>()
        var running = 0

        var waiting: Int { urgent.count + patient.count }

        /// How much of this address and urgency waits.
        func waiting(_ kind: PasswordWork) -> Int {
            (kind.isRegistration ? patient : urgent).count(of: kind.address)
        }

        mutating func append(_ work: @escaping Work, _ kind: PasswordWork) {
            if kind.isRegistration {
                patient.append(work, to: kind.address)
            } else {
                urgent.append(work, to: kind.address)
            }
        }

        /// Takes out the last work of whoever has most waiting, if that is more than the newcomer would have;
        /// registrations make room for all else.
        mutating func displace(for kind: PasswordWork) -> Work? {
            if let longest = patient.longest, !kind.isRegistration || longest.count > waiting(kind) + 1 {
                return patient.removeLast(of: longest.lane)
            }
            guard !kind.isRegistration, let longest = urgent.longest, longest.count > waiting(kind) + 1 else {
                return nil
            }
            return urgent.removeLast(of: longest.lane)
        }
    }
    private let state = Mutex(State())
    private let threads: Int
    private let queueLimit: Int
    private let laneLimit: Int

    /// How far behind the loops the threads stand, 0 to 19.
    private static let niceness: Int32 = 15

    /// - Parameters:
    ///   - threads: most at a time, at least 1.
    ///   - queueLimit: most pieces of work that wait for one.
    ///   - laneLimit: most of one address among them, of each urgency.
    init(threads: Int, queueLimit: Int, laneLimit: Int) {
        self.threads = threads
        self.queueLimit = queueLimit
        self.laneLimit = laneLimit
    }

    /// Runs `work` on a thread and comes back to the caller's loop; nil when too much waits already.
    func run<Value: Sendable>(as kind: PasswordWork, _ work: @escaping @Sendable () -> Value) async -> Value? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Value?, Never>) in
            submit(as: kind) { mayRun in unsafe continuation.resume(returning: mayRun ? work() : nil) }
        }
    }

    /// Runs `work` once: on a thread, some time, or it is refused here and now because too much waits already.
    func submit(as kind: PasswordWork, _ work: @escaping Work) {
        let (refused, needsThread) = state.withLock { state -> (Work?, Bool) in
            let needsThread = state.running < threads
            var displaced: Work?
            if !needsThread {
                guard state.waiting(kind) < laneLimit else { return (work, false) }
                if state.waiting >= queueLimit {
                    displaced = state.displace(for: kind)
                    guard displaced != nil else { return (work, false) }
                }
            }
            state.append(work, kind)
            if needsThread { state.running += 1 }
            return (displaced, needsThread)
        }
        refused?(false)
        if needsThread, !start() { threadRefused() }
    }

    /// The system gives no thread: those that run do the work; with none, all that waits is refused.
    private func threadRefused() {
        let refused = state.withLock { state -> [Work] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            return state.urgent.removeAll() + state.patient.removeAll()
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
            if let next = state.urgent.next() ?? state.patient.next() { return next }
            state.running -= 1
            return nil
        }
    }
}
