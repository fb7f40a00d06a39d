import CEvent
import Glibc
import Synchronization

/// Runs the jobs of one event loop on that loop's thread, and nowhere else.
///
/// It is the serial executor of the loop's actor *and* the preferred task executor of tasks started on the loop:
/// without the preference a resumed continuation goes to the global pool first and hops back, which costs 15 µs
/// a request. `enqueuedJobs` exists so that a test can keep that count at one per await.
@safe public final class LoopExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // SAFETY of @unchecked: `jobs`, `spare` are touched only by the loop's thread; `thread` is written once, before
    // the first job can be enqueued; the rest is a Mutex, an Atomic or immutable.
    private let remote = Mutex<[UnownedJob]>([])
    private var jobs: [UnownedJob] = []
    private var spare: [UnownedJob] = []
    private var thread: pthread_t?
    private let wakeDescriptor: Int32
    private let enqueued = Atomic<Int>(0)

    /// More rounds than this and descriptors get their turn first; a task that re-enqueues itself cannot starve them.
    private static let maximumRoundsPerTick = 64

    /// Takes the descriptor over.
    init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
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
        let unowned = UnownedJob(job)
        enqueued.add(1, ordering: .relaxed)
        if isCurrent {
            jobs.append(unowned)
            return
        }
        let first = remote.withLock { queue -> Bool in
            queue.append(unowned)
            return queue.count == 1
        }
        if first { wake() }
    }

    /// The executor as the actor's.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// The executor as a task's preference.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor { unsafe UnownedTaskExecutor(ordinary: self) }

    /// Stops the process when called off the loop's thread.
    public func checkIsolated() { precondition(isCurrent, "not on the loop's thread") }

    /// Whether the caller is isolated to this executor.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

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
        let serial = unsafe asUnownedSerialExecutor()
        let task = unsafe asUnownedTaskExecutor()
        var rounds = 0
        while !jobs.isEmpty, rounds < Self.maximumRoundsPerTick {
            rounds += 1
            // Two arrays take turns, so that a tick allocates nothing.
            var batch = spare
            spare = []
            swap(&batch, &jobs)
            for job in batch {
                unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: task)
            }
            batch.removeAll(keepingCapacity: true)
            spare = batch
        }
    }
}
