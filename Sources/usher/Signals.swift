import Glibc

/// SIGTERM and SIGINT, waited for instead of handled.
enum Signals {
    private static func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }

    /// Keeps them from ending the process; every thread made later inherits it. SIGPIPE is nobody's business either.
    static func block() {
        var set = set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Runs `body`, which starts a process, with the signals let through: a process inherits what is blocked.
    static func unblocked<Value>(_ body: () throws -> Value) rethrows -> Value {
        var set = set()
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        defer { pthread_sigmask(SIG_BLOCK, &set, nil) }
        return try body()
    }

    /// Comes back when one of them arrives.
    static func wait() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            var thread = pthread_t()
            let box = Unmanaged.passRetained(Box(continuation))
            pthread_create(
                &thread, nil,
                { argument in
                    var set = Signals.set()
                    var received: Int32 = 0
                    sigwait(&set, &received)
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
