import CEvent

/// Calls back when a descriptor is readable or writable. Lives on one loop; never closes the descriptor.
@safe package final class DescriptorWatch {
    private let readEvent: OpaquePointer
    private let writeEvent: OpaquePointer
    private let box: Box
    private var watchesRead = false
    private var watchesWrite = false

    private final class Box {
        var onRead: () -> Void
        var onWrite: () -> Void
        init(onRead: @escaping () -> Void, onWrite: @escaping () -> Void) {
            self.onRead = onRead
            self.onWrite = onWrite
        }
    }

    /// Creates a watch that watches nothing yet. On the loop's thread only.
    ///
    /// - Parameters:
    ///   - descriptor: open and non-blocking; must stay open until the watch is cancelled or deallocated.
    ///   - onRead: called in each tick in which the descriptor is readable, in error or hung up.
    ///   - onWrite: called in each tick in which it is writable.
    /// - Throws: `.noEvent` if out of memory. The corresponding C function is `event_new`.
    package init(
        loop: EventLoop, descriptor: Int32, onRead: @escaping () -> Void, onWrite: @escaping () -> Void
    ) throws(EventLoopError) {
        loop.executor.checkIsolated()
        let box = Box(onRead: onRead, onWrite: onWrite)
        let context = unsafe Unmanaged.passUnretained(box).toOpaque()
        let read = unsafe event_new(
            loop.base, descriptor, Int16(EV_READ | EV_PERSIST),
            { _, _, context in unsafe DescriptorWatch.box(context)?.onRead() }, context)
        guard let read = unsafe read else { throw EventLoopError(.noEvent) }
        let write = unsafe event_new(
            loop.base, descriptor, Int16(EV_WRITE | EV_PERSIST),
            { _, _, context in unsafe DescriptorWatch.box(context)?.onWrite() }, context)
        guard let write = unsafe write else {
            unsafe event_free(read)
            throw EventLoopError(.noEvent)
        }
        unsafe self.readEvent = read
        unsafe self.writeEvent = write
        self.box = box
    }

    deinit {
        unsafe event_free(readEvent)
        unsafe event_free(writeEvent)
    }

    private static func box(_ context: UnsafeMutableRawPointer?) -> Box? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
    }

    /// Whether readability is watched. The corresponding C functions are `event_add` and `event_del`.
    package var reading: Bool {
        get { watchesRead }
        set {
            guard newValue != watchesRead else { return }
            watchesRead = newValue
            _ = unsafe newValue ? event_add(readEvent, nil) : event_del(readEvent)
        }
    }

    /// Whether writability is watched. The corresponding C functions are `event_add` and `event_del`.
    package var writing: Bool {
        get { watchesWrite }
        set {
            guard newValue != watchesWrite else { return }
            watchesWrite = newValue
            _ = unsafe newValue ? event_add(writeEvent, nil) : event_del(writeEvent)
        }
    }

    /// Stops watching and releases the callbacks; call it before closing the descriptor.
    ///
    /// May be called inside a callback.
    package func cancel() {
        reading = false
        writing = false
        box.onRead = {}
        box.onWrite = {}
    }
}
