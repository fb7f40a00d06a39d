import BoxOffice
import Records

/// The state of a leased partition in this replica.
struct LeasedPartition {
    /// The row as it was last read or written.
    var row: PartitionRow
    /// How far its outbox was persisted in the last hour.
    var retention = Retention()
    /// The limit of entries in the next batch. Doubled while the outbox lags: the more entries of a booking are in one
    /// batch, the fewer rows are written. Halved after each failure: a batch too large for its time limit would never
    /// be written.
    private(set) var batchLimit = Self.batchLimits.usual
    /// Whether Redis may lack an acknowledgement of persisted entries, so that its cursor must be read.
    var needsAcknowledgement = false
    /// No scan before this time, on the monotonic clock in nanoseconds.
    private(set) var notBefore: Int64 = 0
    private var failures = 0
    /// When the next scan is due, on the same clock; tests scan at any time.
    private(set) var nextScan: Int64 = 0
    private var scanPause = Self.scanPauses.lowerBound
    /// When to check again whether Redis can be trusted.
    private var nextCheck: Int64 = 0

    /// Entries in one transaction.
    private static let batchLimits = (least: 1, usual: 500, most: 5000)
    private static let failurePauses: ClosedRange<Int64> = 10_000_000...1_000_000_000
    /// Between two scans of a quiet outbox: the shortest delays a confirmation only a little, the longest spares Redis.
    /// The scans after these doubling pauses find changes within `Inventory.changeSilence`, which are not announced.
    private static let scanPauses: ClosedRange<Int64> = 2_000_000...25_000_000
    /// The longest pause while every change is announced, except for lost messages.
    private static let listeningPause: Int64 = 2_000_000_000
    /// Between two checks of a quiet partition.
    private static let checkPause: Int64 = 200_000_000
    /// Between two checks while every change is announced: partitions take turns, so that a problem of all of them is
    /// noticed soon. `least` is a little below `listeningPause`, so that it has passed by the next scan.
    private static let listeningCheckPauses: (least: Int64, turn: Int64, turns: Int64) = (
        1_900_000_000, 1_000_000_000, 8
    )

    init(_ row: PartitionRow) { self.row = row }

    /// Plans the next scan: after a pause that doubles while nothing is found.
    ///
    /// - Parameter isListening: whether every change since before the scan is announced.
    mutating func scanned(hasWork: Bool, now: Int64, isListening: Bool = false) {
        let longest = isListening ? Self.listeningPause : Self.scanPauses.upperBound
        scanPause = hasWork ? Self.scanPauses.lowerBound : min(scanPause * 2, longest)
        nextScan = max(now + scanPause, notBefore)
        if hasWork { invalidateCheck() }
    }

    /// Makes the next scan due now, because something has changed or may have changed.
    mutating func markChanged(now: Int64) {
        scanPause = Self.scanPauses.lowerBound
        nextScan = max(now, notBefore)
    }

    /// Whether nothing was found for a long time, and no change was announced.
    var isAtRest: Bool { scanPause == Self.listeningPause }

    /// Whether to scan now: up to half a pause early, so that quiet partitions are scanned together.
    func isDue(now: Int64) -> Bool { notBefore <= now && nextScan - scanPause / 2 <= now }

    /// Whether polling for new entries is enough: the last check is recent, and nothing was found since.
    func isQuiet(now: Int64) -> Bool { now < nextCheck }

    /// Records a check, and plans the next.
    mutating func checked(now: Int64, isListening: Bool = false) {
        guard isListening else {
            nextCheck = now + Self.checkPause
            return
        }
        let pauses = Self.listeningCheckPauses
        nextCheck = now + pauses.least + pauses.turn * (Int64(row.partition.number) % pauses.turns)
    }

    /// Invalidates the last check.
    mutating func invalidateCheck() { nextCheck = 0 }

    /// Records a batch that succeeded.
    ///
    /// - Parameter taken: the number of entries in the batch, if it left others for the next.
    mutating func succeeded(_ row: PartitionRow, lagsAfter taken: Int? = nil) {
        self.row = row
        failures = 0
        notBefore = 0
        let limits = Self.batchLimits
        if let taken {
            // Entries read but not taken must be read again: the next batch is at most twice the size of this one.
            batchLimit = min(max(taken, limits.least) * 2, limits.most)
        } else {
            batchLimit = min(batchLimit * 2, limits.usual)
        }
    }

    /// Records a failure: the pause doubles each time, so that a broken partition neither spins nor delays others.
    mutating func failed(now: Int64) {
        notBefore = now + min(Self.failurePauses.lowerBound << Int64(min(failures, 10)), Self.failurePauses.upperBound)
        failures += 1
        batchLimit = max(batchLimit / 2, Self.batchLimits.least)
        // If the outcome is unknown, there may be a commit that was never acknowledged.
        needsAcknowledgement = true
    }

    /// Records that Redis did not answer: the scan may have requested more than Redis can return in time.
    mutating func unanswered() { batchLimit = min(batchLimit, max(batchLimit / 2, Self.batchLimits.usual)) }
}
