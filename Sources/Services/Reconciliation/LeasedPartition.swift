import BoxOffice
import Records

/// What a copy knows of a partition that it has leased.
struct LeasedPartition {
    /// As it was last read or written.
    var row: PartitionRow
    /// How far its outbox was written down in the last hour.
    var retention = Retention()
    /// Entries in the next batch: twice as many while the outbox lags, for the more entries of a booking are in one, the
    /// fewer rows are written; half as many after each failure, for a batch too large for its time limit would never be
    /// written.
    private(set) var batchLimit = Self.batchLimits.usual
    /// Whether Redis may not have been told of all that is written down, so that it has to be asked.
    var isUntold = false
    /// Not looked at before, on the monotonic clock in nanoseconds.
    private(set) var notBefore: Int64 = 0
    private var failures = 0
    /// Its turn comes then, on the same clock; tests look whenever they like.
    private(set) var nextLook: Int64 = 0
    private var lookPause = Self.lookPauses.lowerBound
    /// Whether Redis can be trusted is asked again then.
    private var nextCheck: Int64 = 0

    /// Entries in one transaction.
    private static let batchLimits = (least: 1, usual: 500, most: 5000)
    private static let pauses: ClosedRange<Int64> = 10_000_000...1_000_000_000
    /// Between two looks at a quiet outbox: the first keeps a confirmation waiting shortly, the last spares Redis. Looks
    /// after these pauses, each twice the one before, find what changes within `Inventory.changeSilence` and is not told.
    private static let lookPauses: ClosedRange<Int64> = 2_000_000...25_000_000
    /// The longest where every change is heard of, but for messages that are lost.
    private static let heardPause: Int64 = 2_000_000_000
    /// Between two checks of a quiet one.
    private static let checkPause: Int64 = 200_000_000
    /// The same where every change is heard of: partitions take turns, so that what happened to all is seen at once. The
    /// least is a little less than `heardPause`, so that it is over by the next look.
    private static let heardCheckPauses: (least: Int64, turn: Int64, turns: Int64) = (1_900_000_000, 1_000_000_000, 8)

    init(_ row: PartitionRow) { self.row = row }

    /// It was looked at: the next look is after a pause that doubles while nothing is found.
    ///
    /// - Parameter isHeard: whether every change is heard of since before the look.
    mutating func found(_ something: Bool, now: Int64, isHeard: Bool = false) {
        let longest = isHeard ? Self.heardPause : Self.lookPauses.upperBound
        lookPause = something ? Self.lookPauses.lowerBound : min(lookPause * 2, longest)
        nextLook = max(now + lookPause, notBefore)
        if something { unchecked() }
    }

    /// Something has changed, or may have: its turn is now.
    mutating func stirred(now: Int64) {
        lookPause = Self.lookPauses.lowerBound
        nextLook = max(now, notBefore)
    }

    /// Whether nothing has been found for long, and nothing has been heard of.
    var isAtRest: Bool { lookPause == Self.heardPause }

    /// Whether it is looked at now: half a pause before its turn if need be, so that all quiet ones come to be asked
    /// together.
    func isDue(now: Int64) -> Bool { notBefore <= now && nextLook - lookPause / 2 <= now }

    /// Whether it is enough to see that its outbox has nothing new: nothing was found lately, and it was checked lately.
    func isQuiet(now: Int64) -> Bool { now < nextCheck }

    /// It was checked.
    mutating func checked(now: Int64, isHeard: Bool = false) {
        guard isHeard else {
            nextCheck = now + Self.checkPause
            return
        }
        let pauses = Self.heardCheckPauses
        nextCheck = now + pauses.least + pauses.turn * (Int64(row.partition.number) % pauses.turns)
    }

    /// What was checked may be different now.
    mutating func unchecked() { nextCheck = 0 }

    /// Something was done.
    ///
    /// - Parameter taken: how many entries the batch had, where it left others for the next.
    mutating func succeeded(_ row: PartitionRow, lagsAfter taken: Int? = nil) {
        self.row = row
        failures = 0
        notBefore = 0
        let limits = Self.batchLimits
        if let taken {
            // What was read and not taken is read again: the next is no more than twice what one batch can bear.
            batchLimit = min(max(taken, limits.least) * 2, limits.most)
        } else {
            batchLimit = min(batchLimit * 2, limits.usual)
        }
    }

    /// Nothing was done: a pause that doubles each time, so that one broken partition neither spins nor holds up others.
    mutating func failed(now: Int64) {
        notBefore = now + min(Self.pauses.lowerBound << Int64(min(failures, 10)), Self.pauses.upperBound)
        failures += 1
        batchLimit = max(batchLimit / 2, Self.batchLimits.least)
        // What is not sure may be written down, and nobody was told.
        isUntold = true
    }

    /// Redis did not answer: what many partitions were asked for together may have been more than it can tell in time.
    mutating func unanswered() { batchLimit = min(batchLimit, max(batchLimit / 2, Self.batchLimits.usual)) }
}
