import Loops

/// Opens one connection, from name resolution until it is ready for commands.
@safe final class ConnectionAttempt {
    private let loop: EventLoop
    private let handle: ConnectionHandle
    private var watch: DescriptorWatch?
    private var timer: LoopTimer?
    private var continuation: UnsafeContinuation<PostgresError?, Never>?

    private init(loop: EventLoop, handle: ConnectionHandle) {
        self.loop = loop
        self.handle = handle
    }

    /// Connects, or throws `.connectionFailed`. On the loop's thread only.
    static func connect(
        on loop: EventLoop, configuration: PostgresConfiguration
    ) async throws(PostgresError) -> ConnectionHandle {
        guard let handle = await start(configuration) else {
            throw PostgresError(.connectionFailed, "out of memory or threads")
        }
        let attempt = ConnectionAttempt(loop: loop, handle: handle)
        let failure = await unsafe withUnsafeContinuation { continuation in
            unsafe attempt.continuation = continuation
            attempt.begin(within: configuration.connectTimeout)
        }
        if let failure { throw failure }
        return handle
    }

    /// Starts connecting on a separate thread, because libpq resolves names synchronously.
    private static func start(_ configuration: PostgresConfiguration) async -> ConnectionHandle? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<ConnectionHandle?, Never>) in
            let started = startBlockingThread {
                let handle = ConnectionHandle(parameters: configuration.connectionParameters)
                unsafe continuation.resume(returning: handle)
            }
            if !started { unsafe continuation.resume(returning: nil) }
        }
    }

    private func begin(within timeout: Duration) {
        guard !handle.isBad, handle.setNonBlocking() else { return finish(failure()) }
        do {
            timer = try LoopTimer(loop: loop, after: timeout, repeats: false) { [self] in
                finish(PostgresError(.connectionFailed, "no answer in time"))
            }
        } catch {
            return finish(PostgresError(.connectionFailed, "no timer"))
        }
        // libpq requires that the first step be treated as if it had returned "writing".
        wait(forWriting: true)
    }

    /// Cancels the watch before each step: libpq may close the descriptor and open another with the same number.
    private func step() {
        watch?.cancel()
        watch = nil
        switch handle.poll() {
        case .reading: wait(forWriting: false)
        case .writing: wait(forWriting: true)
        case .ready: finish(nil)
        case .failed: finish(failure())
        }
    }

    private func wait(forWriting writing: Bool) {
        do {
            let watch = try DescriptorWatch(
                loop: loop, descriptor: handle.socket, onRead: { [self] in step() }, onWrite: { [self] in step() })
            watch.reading = !writing
            watch.writing = writing
            self.watch = watch
        } catch {
            finish(PostgresError(.connectionFailed, "no event"))
        }
    }

    private func finish(_ failure: PostgresError?) {
        watch?.cancel()
        watch = nil
        timer?.cancel()
        timer = nil
        guard let continuation = unsafe continuation else { return }
        unsafe self.continuation = nil
        unsafe continuation.resume(returning: failure)
    }

    /// libpq gives the reason only as text; the server's reasons have the form `…FATAL:  28P01: …`.
    private func failure() -> PostgresError {
        let message = handle.errorMessage
        var error = PostgresError(.connectionFailed, "", message: message)
        for severity in ["FATAL:  ", "ERROR:  "] {
            guard let range = message.firstRange(of: severity) else { continue }
            let state = message[range.upperBound...].prefix { $0 != ":" }
            guard state.utf8.count == 5 else { continue }
            error.sqlState = String(state)
        }
        return error
    }
}
