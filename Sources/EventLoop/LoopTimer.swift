import CEvent
import Glibc

/// Calls back once or again and again on a loop's thread. Dropping the timer cancels it.
@safe public final class LoopTimer {
    private let event: OpaquePointer
    private let box: Box

    private final class Box {
        var fire: () -> Void
        init(_ fire: @escaping () -> Void) { self.fire = fire }
    }

    /// Starts a timer. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - interval: time until the first call, and between calls when it repeats; not negative.
    ///   - repeats: whether it fires until cancelled.
    ///   - fire: called on the loop's thread.
    /// - Throws: `.noEvent` when memory is out. The corresponding C functions are `event_new` and `event_add`.
    public init(
        loop: EventLoop, after interval: Duration, repeats: Bool, _ fire: @escaping () -> Void
    ) throws(EventLoopError) {
        loop.executor.checkIsolated()
        let box = Box(fire)
        let flags = repeats ? Int16(EV_PERSIST) : 0
        let event = unsafe event_new(
            loop.base, -1, flags,
            { _, _, context in
                guard let context = unsafe context else { return }
                // Holds on to the box: the callback may drop the timer.
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

    /// Fires next after this interval, and when it repeats again and again after it. It may be called from inside the
    /// callback. Where memory is out the interval stays as it was.
    /// The corresponding C function is `event_add`.
    public func restart(after interval: Duration) {
        var time = timeval(interval)
        _ = unsafe event_add(event, &time)
    }

    /// Fires no more. It may be called from inside the callback.
    public func cancel() {
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
    /// Waits on this loop without blocking it. On the loop's thread only; cancellation is not observed.
    ///
    /// - Parameter duration: not negative.
    public nonisolated func sleep(for duration: Duration) async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            var timer: LoopTimer?
            timer = try? LoopTimer(loop: self, after: duration, repeats: false) {
                unsafe continuation.resume()
                timer = nil
            }
            // Out of memory: not waiting is better than never coming back.
            if timer == nil { unsafe continuation.resume() }
        }
    }
}

/// Nanoseconds of the system's monotonic clock: comparable within one boot, never jumps.
/// The corresponding C function is `clock_gettime(CLOCK_MONOTONIC)`.
public func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// The same clock as it stood at the system's last tick, a few milliseconds ago at most: for deadlines of seconds that are
/// set with each request. The corresponding C function is `clock_gettime(CLOCK_MONOTONIC_COARSE)`.
public func coarseMonotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
