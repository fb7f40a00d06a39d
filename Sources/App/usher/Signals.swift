import Glibc

/// Waits for SIGTERM and SIGINT: a handler writes to a pipe, and a thread reads from it.
enum Signals {
    // SAFETY: written once by `install`, before any signal can be handled.
    private nonisolated(unsafe) static var ends: (read: Int32, write: Int32) = (-1, -1)

    /// Installs the handlers, so that SIGTERM and SIGINT do not end the process. Ignores SIGPIPE.
    static func install() {
        var descriptors: [Int32] = [0, 0]
        precondition(pipe(&descriptors) == 0, "the process has no descriptors")
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        ends = (descriptors[0], descriptors[1])
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in
                var byte: UInt8 = 1
                _ = write(Signals.ends.write, &byte, 1)
            }
        }
    }

    /// Runs `body`, which starts a process, with no signal blocked: threads of the pool block most signals, and a child
    /// process inherits the mask.
    static func unblocked<Value>(_ body: () throws -> Value) rethrows -> Value {
        var none = sigset_t()
        var old = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        return try body()
    }

    /// Returns when SIGTERM or SIGINT has arrived, even if it arrived before the call.
    static func wait() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            var thread = pthread_t()
            let box = Unmanaged.passRetained(Box(continuation))
            pthread_create(
                &thread, nil,
                { argument in
                    var byte: UInt8 = 0
                    while read(Signals.ends.read, &byte, 1) < 0, errno == EINTR {}
                    if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().continuation.resume() }
                    return nil
                }, box.toOpaque())
            pthread_detach(thread)
        }
    }

    private final class Box: Sendable {
        let continuation: UnsafeContinuation<Void, Never>
        init(_ continuation: UnsafeContinuation<Void, Never>) { self.continuation = continuation }
    }
}
