import Loops

/// Runs a body repeatedly on an event loop until it is stopped; after each run it sleeps for the pause that the body
/// returns.
///
/// Lives on one loop.
final class PeriodicLoop {
    private let loop: EventLoop
    private let running = InFlightCount()
    private var pause: (timer: LoopTimer, continuation: UnsafeContinuation<Void, Never>)?
    /// Whether `stop` was called; a long body checks it between two steps.
    private(set) var isStopping = false

    init(_ loop: EventLoop) { self.loop = loop }

    /// Runs until `stop`; returns as soon as the current run of the body has ended.
    ///
    /// - Parameter body: returns the pause until its next run; `nil` to run again at once.
    func run(_ body: () async -> Duration?) async {
        running.begin()
        while !isStopping {
            if let duration = await body() { await sleep(for: duration) }
        }
        running.end()
    }

    /// Ends the current pause. No effect while the body runs: the next pause is not shortened.
    func wake() {
        guard let (timer, continuation) = pause else { return }
        pause = nil
        timer.cancel()
        continuation.resume()
    }

    /// Ends `run`, without waiting for it.
    func stop() {
        isStopping = true
        wake()
    }

    /// Waits until `run` has returned.
    func finished() async { await running.drained() }

    private func sleep(for duration: Duration) async {
        await withUnsafeContinuation { continuation in
            // If no timer can be created, do not pause: a continuation that nothing resumes would block the loop
            // forever.
            guard !isStopping,
                let timer = try? LoopTimer(loop: loop, after: duration, repeats: false, { [weak self] in self?.wake() })
            else { return continuation.resume() }
            pause = (timer, continuation)
        }
    }
}
