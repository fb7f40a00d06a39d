import CEvent
import Glibc
import Synchronization

/// One libevent loop on a thread of its own, and the actor whose isolation is that thread.
///
/// Everything that has a descriptor (connections, listeners) is a non-`Sendable` class that lives on one loop: it is
/// made there, its callbacks arrive there, and `async` code awaiting it runs there with no hop.
///
/// A tick is: wait for descriptors and timers, run their callbacks, run the jobs they made ready, then run the
/// end-of-tick hooks, where connections write everything that was queued during the tick in one system call.
@safe public actor EventLoop {
    /// Runs this actor's jobs. Give it as `executorPreference` to tasks that work on this loop.
    public nonisolated let executor: LoopExecutor

    /// The loop as the actor's executor.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.actorExecutor.asUnownedSerialExecutor()
    }

    // SAFETY: the base is touched only on the loop's thread after `init`; the hooks likewise.
    nonisolated(unsafe) let base: OpaquePointer
    /// By the phases' order.
    private nonisolated(unsafe) var hooks: [[Hook]] = Array(repeating: [], count: TickPhase.allCases.count)
    private nonisolated let wakeDescriptor: Int32
    private nonisolated let stopping = Atomic<Bool>(false)

    /// When in the end of a tick a hook runs.
    public enum TickPhase: Int, Sendable, CaseIterable {
        /// Turn what was collected during the tick into commands.
        case gather
        /// Write what is queued, one system call a connection.
        case flush
    }

    private struct Hook {
        let id: UInt64
        let run: () -> Void
    }
    private nonisolated(unsafe) var nextHook: UInt64 = 0

    /// Makes the loop and starts its thread.
    ///
    /// - Parameter name: the thread's name, cut to 15 bytes by the system.
    /// - Throws: `.noLoop` or `.noThread` when the system refuses.
    public init(name: String) throws(EventLoopError) {
        guard let base = unsafe event_base_new() else { throw EventLoopError(.noLoop) }
        let descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            unsafe event_base_free(base)
            throw EventLoopError(.noLoop)
        }
        unsafe self.base = base
        self.wakeDescriptor = descriptor
        self.executor = LoopExecutor(wakeDescriptor: descriptor)
        let started = startThread(name: name) { [self] in runLoop() }
        guard started else { throw EventLoopError(.noThread) }
    }

    /// Runs `body` in this loop's isolation.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @Sendable (isolated EventLoop) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        // With the preference, code that is isolated to nothing runs here too.
        try await withTaskExecutorPreference(executor) { () async throws(Failure) -> Value in
            try await body(self)
        }
    }

    /// Starts a task on this loop. Call it on the loop's thread only.
    ///
    /// - Parameter operation: runs on the loop's thread, after the current callback or job.
    public nonisolated func spawn(_ operation: nonisolated(nonsending) @escaping () async -> Void) {
        executor.checkIsolated()
        let transfer = Transfer(operation)
        // Isolated to nothing: the preference keeps it on the loop, and a hop to the actor would be a job more.
        Task(executorPreference: executor) { await transfer.operation() }
    }

    /// Carries a loop-confined closure into a task of the same loop.
    // SAFETY of @unchecked: made and consumed on the loop's thread (`spawn` checks).
    private struct Transfer: @unchecked Sendable {
        let operation: nonisolated(nonsending) () async -> Void
        init(_ operation: nonisolated(nonsending) @escaping () async -> Void) { self.operation = operation }
    }

    /// Whether the caller runs on this loop's thread.
    public nonisolated var isCurrent: Bool { executor.isCurrent }

    /// Calls `body` at the end of every tick, in the order of phases, then of registration. On the loop's thread only.
    public nonisolated func atEndOfTick(_ phase: TickPhase, _ body: @escaping () -> Void) -> TickHook {
        executor.checkIsolated()
        unsafe nextHook += 1
        let id = unsafe nextHook
        unsafe hooks[phase.rawValue].append(Hook(id: id, run: body))
        return TickHook(phase: phase, id: id)
    }

    /// Ends what `atEndOfTick` began. On the loop's thread only.
    public nonisolated func remove(_ hook: TickHook) {
        executor.checkIsolated()
        unsafe hooks[hook.phase.rawValue].removeAll { $0.id == hook.id }
    }

    /// Ends the loop's thread after the current tick. What still waits on the loop is never resumed: drain first.
    public nonisolated func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        executor.wake()
    }

    // MARK: - The loop

    private nonisolated func runLoop() {
        executor.adoptCurrentThread()
        let wake = unsafe event_new(
            base, wakeDescriptor, Int16(EV_READ | EV_PERSIST),
            { descriptor, _, _ in
                var value: eventfd_t = 0
                _ = unsafe eventfd_read(descriptor, &value)
            }, nil)
        precondition(unsafe wake != nil && event_add(wake, nil) == 0, "the wake-up event could not be added")
        while !stopping.load(ordering: .acquiring) {
            let flags = executor.hasJobs ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE
            _ = unsafe event_base_loop(base, flags)
            executor.collectRemoteJobs()
            executor.drain()
            // Of each phase those that there are when it begins.
            for phase in unsafe hooks.indices {
                for hook in unsafe hooks[phase] { hook.run() }
            }
        }
        unsafe event_free(wake)
    }
}

/// Names an end-of-tick hook, to remove it by.
public struct TickHook: Sendable {
    let phase: EventLoop.TickPhase
    let id: UInt64
}

/// Starts a detached thread; false when the system refuses. The corresponding C function is `pthread_create`.
private func startThread(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = String(name.prefix(15))
            self.body = body
        }
    }
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(Box(name, body))
    let result = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            unsafe usher_name_thread(box.name)
            box.body()
            return nil
        }, box.toOpaque())
    guard result == 0 else {
        unsafe box.release()
        return false
    }
    pthread_detach(thread)
    return true
}
