/// A scan of what follows a batch, made while that batch is written. Lives on one loop.
final class ReadAhead {
    private var scan: PartitionScan?
    private var isDone = false
    private var waiting: UnsafeContinuation<PartitionScan?, Never>?

    /// Waits for the scan; `nil` if it failed.
    func result() async -> PartitionScan? {
        // Checked inside, where nothing runs in between: awaiting may itself let other jobs of the loop run first.
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
