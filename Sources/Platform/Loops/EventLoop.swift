import CEvent
import Glibc
import Synchronization

/// A libevent loop on its own thread, and the actor that is isolated to that thread.
///
/// Everything with a descriptor (connections, listeners) is a non-`Sendable` class that lives on one loop: it is
/// created there, its callbacks run there, and `async` code that awaits it runs there without a hop.
///
/// A tick waits for descriptors and timers, runs their callbacks, runs the jobs that became ready, then runs the
/// end-of-tick hooks, in which connections write everything queued during the tick in one system call.
@safe package actor EventLoop {
    /// Runs this actor's jobs. Use it as `executorPreference` of tasks that work on this loop.
    package nonisolated let executor: LoopExecutor

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.actorExecutor.asUnownedSerialExecutor()
    }

    // SAFETY: the base and the hooks are accessed only on the loop's thread after `init`.
    nonisolated(unsafe) let base: OpaquePointer
    /// Indexed by phase.
    private nonisolated(unsafe) var hooks: [[Hook]] = Array(repeating: [], count: TickPhase.allCases.count)
    private nonisolated let wakeDescriptor: Int32
    private nonisolated let stopping = Atomic<Bool>(false)

    /// The order of the hooks at the end of a tick.
    package enum TickPhase: Int, Sendable, CaseIterable {
        /// Turn requests collected during the tick into commands.
        case gather
        /// Write queued output, one system call per connection.
        case flush
    }

    private struct Hook {
        let id: UInt64
        let run: () -> Void
    }
    private nonisolated(unsafe) var nextHook: UInt64 = 0

    /// Creates the loop and starts its thread.
    ///
    /// - Parameter name: the thread's name, truncated to 15 bytes.
    /// - Throws: `.noLoop` or `.noThread` if the system has no resources.
    package init(name: String) throws(EventLoopError) {
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
    package func run<Value: Sendable, Failure: Error>(
        _ body: @Sendable (isolated EventLoop) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        // With the preference, nonisolated code runs here too.
        try await withTaskExecutorPreference(executor) { () async throws(Failure) -> Value in
            try await body(self)
        }
    }

    /// Starts a task on this loop. On the loop's thread only.
    ///
    /// - Parameter operation: runs on the loop's thread, after the current callback or job.
    package nonisolated func spawn(_ operation: nonisolated(nonsending) @escaping () async -> Void) {
        executor.checkIsolated()
        let transfer = Transfer(operation)
        // Nonisolated: the preference keeps the task on the loop, and a hop to the actor would cost another job.
        Task(executorPreference: executor) { await transfer.operation() }
    }

    /// Carries a loop-confined closure into a task on the same loop.
    // SAFETY of @unchecked: created and consumed on the loop's thread (`spawn` checks).
    private struct Transfer: @unchecked Sendable {
        let operation: nonisolated(nonsending) () async -> Void
        init(_ operation: nonisolated(nonsending) @escaping () async -> Void) { self.operation = operation }
    }

    /// Whether the caller runs on this loop's thread.
    package nonisolated var isCurrent: Bool { executor.isCurrent }

    /// Calls `body` at the end of every tick, by phase, then in registration order. On the loop's thread only.
    package nonisolated func atEndOfTick(_ phase: TickPhase, _ body: @escaping () -> Void) -> TickHook {
        executor.checkIsolated()
        unsafe nextHook += 1
        let id = unsafe nextHook
        unsafe hooks[phase.rawValue].append(Hook(id: id, run: body))
        return TickHook(phase: phase, id: id)
    }

    /// Removes an end-of-tick hook. On the loop's thread only.
    package nonisolated func remove(_ hook: TickHook) {
        executor.checkIsolated()
        unsafe hooks[hook.phase.rawValue].removeAll { $0.id == hook.id }
    }

    /// Ends the loop's thread after the current tick. Tasks that still wait on the loop are never resumed: drain first.
    package nonisolated func stop() {
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
            // Hooks added during a phase run in the next tick.
            for phase in unsafe hooks.indices {
                for hook in unsafe hooks[phase] { hook.run() }
            }
        }
        unsafe event_free(wake)
    }
}

/// Identifies an end-of-tick hook, for removal.
package struct TickHook: Sendable {
    let phase: EventLoop.TickPhase
    let id: UInt64
}

/// Starts a detached thread with `pthread_create`; false on failure.
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
