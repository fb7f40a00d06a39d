import Glibc
import Synchronization

/// A small thread pool for work that would block a loop, with bounded queues in which addresses take turns.
///
/// Threads exist only while there is work: starting a thread costs a thousandth of the work it does.
final class Workers: Sendable {
    /// A unit of work; its argument is `false` if the work is refused.
    typealias Work = @Sendable (_ mayRun: Bool) -> Void

    private struct State {
        var urgent = FairQueue<Work>()
        var patient = FairQueue<Work>()
        var running = 0

        var waiting: Int { urgent.count + patient.count }

        /// The number of waiting units of this address and urgency.
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

        /// Removes the last unit of the longest lane, if that lane is longer than the new unit's lane would be. Work
        /// that is not a registration displaces a registration in any case.
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

    /// The nice value of the threads, 0 to 19.
    private static let niceness: Int32 = 15

    /// - Parameters:
    ///   - threads: the most threads, at least 1.
    ///   - queueLimit: the most waiting units of work.
    ///   - laneLimit: the most waiting units of one address, for each urgency.
    init(threads: Int, queueLimit: Int, laneLimit: Int) {
        self.threads = threads
        self.queueLimit = queueLimit
        self.laneLimit = laneLimit
    }

    /// Runs `work` on a thread and resumes on the caller's loop; returns `nil` if the queue is full.
    func run<Value: Sendable>(as kind: PasswordWork, _ work: @escaping @Sendable () -> Value) async -> Value? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Value?, Never>) in
            submit(as: kind) { mayRun in unsafe continuation.resume(returning: mayRun ? work() : nil) }
        }
    }

    /// Calls `work` once: later on a thread or, if the queue is full, at once with a refusal.
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

    /// Handles a failure to start a thread: running threads do the work; if there are none, all waiting work is
    /// refused.
    private func threadRefused() {
        let refused = state.withLock { state -> [Work] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            return state.urgent.removeAll() + state.patient.removeAll()
        }
        for work in refused { work(false) }
    }

    /// Starts a thread with `pthread_create`.
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
        // Bookings have priority over logins. On Linux the priority applies to the thread (setpriority(2), "C
        // library/kernel differences"). If it is refused, the work runs at normal priority.
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
