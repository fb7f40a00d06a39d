/// A scan of the entries after a batch, made while that batch is written. Lives on one loop.
final class ReadAhead {
    private var scan: PartitionScan?
    private var isDone = false
    private var waiting: UnsafeContinuation<PartitionScan?, Never>?

    /// Waits for the scan; `nil` if it failed.
    func result() async -> PartitionScan? {
        // Checked inside the closure: before it, the `await` itself may let other jobs of the loop run.
        await withUnsafeContinuation { continuation in
            if isDone { continuation.resume(returning: scan) } else { waiting = continuation }
        }
    }

    func finish(_ scan: PartitionScan?) {
        self.scan = scan
        isDone = true
        waiting?.resume(returning: scan)
        waiting = nil
    }
}
