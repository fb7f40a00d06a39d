extension EventLoop {
    /// Returns the value of `body`, or `nil` if it takes longer than `time`; `body` then continues in the background.
    /// On the loop's thread only.
    ///
    /// - Parameter time: not negative.
    package nonisolated func within<Value: Sendable>(
        _ time: Duration, _ body: nonisolated(nonsending) @escaping () async -> Value?
    ) async -> Value? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Value?, Never>) in
            var isOver = false
            func end(_ value: Value?) {
                guard !isOver else { return }
                isOver = true
                unsafe continuation.resume(returning: value)
            }
            // Out of memory for a timer: only the deadlines of `body` itself apply.
            let timer = try? LoopTimer(loop: self, after: time, repeats: false) { end(nil) }
            spawn {
                let value = await body()
                timer?.cancel()
                end(value)
            }
        }
    }
}
