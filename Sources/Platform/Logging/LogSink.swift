import Glibc
import Synchronization

/// Takes lines from any thread and writes them on a thread of its own, so that a slow reader blocks no caller.
final class LogSink: Sendable {
    private struct Pending {
        var bytes: [UInt8] = []
        /// Lines dropped because the buffer was full.
        var lost: Int64 = 0
        var isStarted = false
    }

    /// Maximum bytes of buffered lines; further lines are dropped and counted.
    private static let limit = 4 * 1024 * 1024

    /// Microseconds between two writes: waking the thread for every line would cost more than the line.
    private static let rest: UInt32 = 5000

    private let descriptor: Int32
    /// The pipe that wakes the writing thread.
    private let wake: (reader: Int32, writer: Int32)
    private let pending = Mutex(Pending())
    /// Held while lines are taken and written, to keep them in order.
    private let writing = Mutex<Void>(())

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "the process has no descriptors")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wake = (ends[0], ends[1])
    }

    func write(_ line: [UInt8]) {
        let (isFirst, starts) = pending.withLock { pending in
            guard pending.bytes.count + line.count <= Self.limit else {
                pending.lost += 1
                return (false, false)
            }
            let isFirst = pending.bytes.isEmpty
            pending.bytes += line
            defer { pending.isStarted = true }
            return (isFirst, !pending.isStarted)
        }
        if starts { start() }
        // One wake-up for all lines until the thread has written and paused.
        if isFirst {
            var byte: UInt8 = 1
            _ = Glibc.write(wake.writer, &byte, 1)
        }
    }

    /// Writes all buffered lines on the caller's thread.
    func flush() {
        writing.withLock { _ in
            let (bytes, lost) = pending.withLock { pending in
                defer {
                    pending.bytes = []
                    pending.lost = 0
                }
                return (pending.bytes, pending.lost)
            }
            writeAll(bytes)
            if lost > 0 {
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                var line = LogFields(.warning, "log lines were lost", at: now, forPeople: false)
                line.add("count", lost)
                writeAll(line.ended())
            }
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // The reader has gone.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// The corresponding C function is `pthread_create`.
    private func start() {
        var thread = pthread_t()
        let sink = Unmanaged.passRetained(self)
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let sink = Unmanaged<LogSink>.fromOpaque(argument).takeRetainedValue()
                var byte: UInt8 = 0
                while read(sink.wake.reader, &byte, 1) > 0 || errno == EINTR {
                    sink.flush()
                    usleep(LogSink.rest)
                }
                return nil
            }, sink.toOpaque())
        if failed != 0 { sink.release() } else { pthread_detach(thread) }
    }
}
