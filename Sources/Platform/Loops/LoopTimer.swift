import CEvent
import Glibc

/// Calls back once or repeatedly on a loop's thread. Deallocating the timer cancels it.
@safe package final class LoopTimer {
    private let event: OpaquePointer
    private let box: Box

    private final class Box {
        var fire: () -> Void
        init(_ fire: @escaping () -> Void) { self.fire = fire }
    }

    /// Starts a timer. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - interval: time until the first call, and between calls if it repeats; not negative.
    ///   - repeats: whether it fires until cancelled.
    ///   - fire: called on the loop's thread.
    /// - Throws: `.noEvent` if out of memory. The corresponding C functions are `event_new` and `event_add`.
    package init(
        loop: EventLoop, after interval: Duration, repeats: Bool, _ fire: @escaping () -> Void
    ) throws(EventLoopError) {
        loop.executor.checkIsolated()
        let box = Box(fire)
        let flags = repeats ? Int16(EV_PERSIST) : 0
        let event = unsafe event_new(
            loop.base, -1, flags,
            { _, _, context in
                guard let context = unsafe context else { return }
                // Retains the box: the callback may release the timer.
                let box = unsafe Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
                box.fire()
            }, Unmanaged.passUnretained(box).toOpaque())
        guard let event = unsafe event else { throw EventLoopError(.noEvent) }
        var time = timeval(interval)
        guard unsafe event_add(event, &time) == 0 else {
            unsafe event_free(event)
            throw EventLoopError(.noEvent)
        }
        unsafe self.event = event
        self.box = box
    }

    deinit { unsafe event_free(event) }

    /// Restarts the timer with a new interval, which also applies to repetitions. May be called inside the callback. If
    /// out of memory, the interval is unchanged. The corresponding C function is `event_add`.
    package func restart(after interval: Duration) {
        var time = timeval(interval)
        _ = unsafe event_add(event, &time)
    }

    /// Cancels the timer. May be called inside the callback.
    package func cancel() {
        unsafe event_del(event)
        box.fire = {}
    }
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}

extension EventLoop {
    /// Suspends without blocking the loop. On the loop's thread only; cancellation is not observed.
    ///
    /// - Parameter duration: not negative.
    package nonisolated func sleep(for duration: Duration) async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            var timer: LoopTimer?
            timer = try? LoopTimer(loop: self, after: duration, repeats: false) {
                unsafe continuation.resume()
                timer = nil
            }
            // Out of memory: returning early is better than never resuming.
            if timer == nil { unsafe continuation.resume() }
        }
    }
}

/// Nanoseconds of the system's monotonic clock: comparable within one boot, never jumps.
/// The corresponding C function is `clock_gettime(CLOCK_MONOTONIC)`.
package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// The monotonic clock as of the kernel's last tick, at most a few milliseconds ago: for deadlines of seconds that are
/// set with each request. The corresponding C function is `clock_gettime(CLOCK_MONOTONIC_COARSE)`.
package func coarseMonotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
