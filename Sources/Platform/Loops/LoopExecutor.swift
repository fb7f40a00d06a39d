import CEvent
import Glibc
import Synchronization

/// Runs the jobs of one event loop on that loop's thread only.
///
/// It is the preferred task executor of tasks started on the loop: without the preference, a resumed continuation goes
/// to the global pool first and hops back, which costs 15 µs a request. Jobs that are isolated to the loop's actor
/// arrive through `LoopActorExecutor`, and each job is run with the isolation that it was enqueued with: a nonisolated
/// job that runs as if it were the actor's would be enqueued again after each call of an async function, because the
/// runtime compares the two. With `enqueuedJobs` a test checks that there is one job per await.
@safe package final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    private struct QueuedJob {
        let job: UnownedJob
        /// Whether the job is isolated to the loop's actor.
        let isIsolated: Bool
    }

    // SAFETY of @unchecked: `jobs` and `spare` are accessed only on the loop's thread; `thread` is written once, before
    // the first job can be enqueued; everything else is a Mutex, an Atomic or immutable.
    private let remote = Mutex<[QueuedJob]>([])
    private var jobs: [QueuedJob] = []
    private var spare: [QueuedJob] = []
    /// The executor of the loop's actor.
    let actorExecutor = LoopActorExecutor()
    private var thread: pthread_t?
    private let wakeDescriptor: Int32
    private let enqueued = Atomic<Int>(0)

    /// Maximum rounds of jobs per tick, so that a task that re-enqueues itself cannot starve descriptors.
    private static let maximumRoundsPerTick = 64

    /// Takes ownership of the descriptor.
    init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
        actorExecutor.executor = self
    }

    /// Closes the descriptor only here: anything that still references the executor may still wake the loop.
    deinit { close(wakeDescriptor) }

    /// How many jobs were enqueued in total.
    package var enqueuedJobs: Int { enqueued.load(ordering: .relaxed) }

    /// Whether the caller runs on the loop's thread.
    package var isCurrent: Bool {
        guard let thread = thread else { return false }
        return pthread_equal(thread, pthread_self()) != 0
    }

    /// Enqueues a job; from another thread, also wakes the loop.
    package func enqueue(_ job: consuming ExecutorJob) {
        enqueue(QueuedJob(job: UnownedJob(job), isIsolated: false))
    }

    /// Enqueues a job that is isolated to the loop's actor.
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

    package func asUnownedTaskExecutor() -> UnownedTaskExecutor { unsafe UnownedTaskExecutor(ordinary: self) }

    /// Traps if called off the loop's thread.
    package func checkIsolated() { precondition(isCurrent, "not on the loop's thread") }

    /// Makes the loop's current or next wait return. The corresponding C function is `eventfd_write`.
    func wake() {
        // If the counter is full, a wake-up is pending already.
        _ = eventfd_write(wakeDescriptor, 1)
    }

    func adoptCurrentThread() { thread = pthread_self() }

    var hasJobs: Bool { !jobs.isEmpty }

    /// Moves the jobs that other threads enqueued to the loop's own queue.
    func collectRemoteJobs() {
        remote.withLock { queue in
            guard !queue.isEmpty else { return }
            jobs.append(contentsOf: queue)
            queue.removeAll(keepingCapacity: true)
        }
    }

    /// Runs the queued jobs, and the jobs that they enqueue.
    func drain() {
        let serial = unsafe actorExecutor.asUnownedSerialExecutor()
        let task = unsafe asUnownedTaskExecutor()
        var rounds = 0
        while !jobs.isEmpty, rounds < Self.maximumRoundsPerTick {
            rounds += 1
            // Two arrays swap roles, so that a tick allocates nothing.
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

/// The serial executor of the loop's actor.
@safe final class LoopActorExecutor: SerialExecutor, @unchecked Sendable {
    // SAFETY of @unchecked: written once by the owning executor, before this object is shared. Not weak: an object with
    // weak references takes the slow path at every use.
    fileprivate unowned var executor: LoopExecutor?

    func enqueue(_ job: consuming ExecutorJob) {
        guard let executor else { preconditionFailure("the actor of a loop that is gone") }
        executor.enqueueIsolated(UnownedJob(job))
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Traps if called off the loop's thread.
    func checkIsolated() { executor?.checkIsolated() }

    /// Whether the caller is isolated to the loop's actor.
    func isIsolatingCurrentContext() -> Bool? { executor?.isCurrent }
}
