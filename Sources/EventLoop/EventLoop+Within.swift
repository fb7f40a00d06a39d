extension EventLoop {
    /// The value of `body`, or `nil` when it takes longer than `time`; `body` then goes on by itself. On the loop's
    /// thread only.
    ///
    /// - Parameter time: not negative.
    public nonisolated func within<Value: Sendable>(
        _ time: Duration, _ body: nonisolated(nonsending) @escaping () async -> Value?
    ) async -> Value? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Value?, Never>) in
            var isOver = false
            func end(_ value: Value?) {
                guard !isOver else { return }
                isOver = true
                unsafe continuation.resume(returning: value)
            }
            // Without memory for a timer whatever deadlines `body` has hold.
            let timer = try? LoopTimer(loop: self, after: time, repeats: false) { end(nil) }
            spawn {
                let value = await body()
                timer?.cancel()
                end(value)
            }
        }
    }
}
