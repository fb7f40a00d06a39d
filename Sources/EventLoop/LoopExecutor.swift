import CEvent
import Glibc
import Synchronization

/// Runs the jobs of one event loop on that loop's thread, and nowhere else.
///
/// It is the preferred task executor of tasks started on the loop: without the preference a resumed continuation goes to
/// the global pool first and hops back, which costs 15 µs a request. Jobs that are isolated to the loop's actor come by
/// way of `LoopActorExecutor`, and each job is run as what it was enqueued as: one that is isolated to nothing but runs as
/// if it were the actor's would be enqueued again after each call of an async function, which compares the two.
/// `enqueuedJobs` exists so that a test can keep that count at one per await.
@safe public final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    private struct QueuedJob {
        let job: UnownedJob
        /// Whether it is isolated to the loop's actor.
        let isIsolated: Bool
    }

    // SAFETY of @unchecked: `jobs`, `spare` are touched only by the loop's thread; `thread` is written once, before
    // the first job can be enqueued; the rest is a Mutex, an Atomic or immutable.
    private let remote = Mutex<[QueuedJob]>([])
    private var jobs: [QueuedJob] = []
    private var spare: [QueuedJob] = []
    /// Of the loop's actor.
    let actorExecutor = LoopActorExecutor()
    private var thread: pthread_t?
    private let wakeDescriptor: Int32
    private let enqueued = Atomic<Int>(0)

    /// More rounds than this and descriptors get their turn first; a task that re-enqueues itself cannot starve them.
    private static let maximumRoundsPerTick = 64

    /// Takes the descriptor over.
    init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
        actorExecutor.executor = self
    }

    /// Not before: whoever still knows this executor may still wake it.
    deinit { close(wakeDescriptor) }

    /// How many jobs were ever enqueued here.
    public var enqueuedJobs: Int { enqueued.load(ordering: .relaxed) }

    /// Whether the caller runs on the loop's thread.
    public var isCurrent: Bool {
        guard let thread = thread else { return false }
        return pthread_equal(thread, pthread_self()) != 0
    }

    /// Takes a job; from another thread it also wakes the loop.
    public func enqueue(_ job: consuming ExecutorJob) {
        enqueue(QueuedJob(job: UnownedJob(job), isIsolated: false))
    }

    /// The same of a job that is isolated to the loop's actor.
    fileprivate func enqueueIsolated(_ job: UnownedJob) { enqueue(QueuedJob(job: job, isIsolated: true)) }

    private func enqueue(_ job: QueuedJob) {
        enqueued.add(1, ordering: .relaxed)
        if isCurrent {
            jobs.append(job)
            return
        }
        let first = remote.withLock { queue -> Bool in
            queue.append(job)
            return queue.count == 1
        }
        if first { wake() }
    }

    /// The executor as a task's preference.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor { unsafe UnownedTaskExecutor(ordinary: self) }

    /// Stops the process when called off the loop's thread.
    public func checkIsolated() { precondition(isCurrent, "not on the loop's thread") }

    /// Makes the loop's current or next wait return. The corresponding C function is `eventfd_write`.
    func wake() {
        // A full counter means that the loop is being woken already.
        _ = eventfd_write(wakeDescriptor, 1)
    }

    func adoptCurrentThread() { thread = pthread_self() }

    var hasJobs: Bool { !jobs.isEmpty }

    /// Moves what other threads enqueued to the loop's own queue.
    func collectRemoteJobs() {
        remote.withLock { queue in
            guard !queue.isEmpty else { return }
            jobs.append(contentsOf: queue)
            queue.removeAll(keepingCapacity: true)
        }
    }

    /// Runs what is queued, and what that enqueues.
    func drain() {
        let serial = unsafe actorExecutor.asUnownedSerialExecutor()
        let task = unsafe asUnownedTaskExecutor()
        var rounds = 0
        while !jobs.isEmpty, rounds < Self.maximumRoundsPerTick {
            rounds += 1
            // Two arrays take turns, so that a tick allocates nothing.
            var batch = spare
            spare = []
            swap(&batch, &jobs)
            for queued in batch {
                if queued.isIsolated {
                    unsafe queued.job.runSynchronously(isolatedTo: serial, taskExecutor: task)
                } else {
                    unsafe queued.job.runSynchronously(on: task)
                }
            }
            batch.removeAll(keepingCapacity: true)
            spare = batch
        }
    }
}

/// The loop's executor as its actor has it.
@safe final class LoopActorExecutor: SerialExecutor, @unchecked Sendable {
    // SAFETY of @unchecked: written once, by the executor that owns this one, before anybody else knows it.
    /// Not weak: every use of an object that has weak references takes the slow way.
    fileprivate unowned var executor: LoopExecutor?

    func enqueue(_ job: consuming ExecutorJob) {
        guard let executor else { preconditionFailure("the actor of a loop that is gone") }
        executor.enqueueIsolated(UnownedJob(job))
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Stops the process when called off the loop's thread.
    func checkIsolated() { executor?.checkIsolated() }

    /// Whether the caller is isolated to the loop's actor.
    func isIsolatingCurrentContext() -> Bool? { executor?.isCurrent }
}
