/// Counts work in flight, and waits until there is none. Lives on one loop.
final class InFlightCount {
    private(set) var count = 0
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    func begin() { count += 1 }

    func end() {
        count -= 1
        guard count == 0 else { return }
        let resumable = waiting
        waiting = []
        for continuation in resumable { continuation.resume() }
    }

    /// Waits until nothing is in flight.
    func drained() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            // Checked inside the closure: before it, the `await` itself may let other jobs of the loop run.
            if count == 0 { continuation.resume() } else { waiting.append(continuation) }
        }
    }
}
