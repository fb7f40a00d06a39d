import Booking
import Records

/// What a copy knows of a partition that it has leased.
struct LeasedPartition {
    /// As it was last read or written.
    var row: PartitionRow
    /// How far its outbox was written down in the last hour.
    var retention = Retention()
    /// Entries in the next batch: half as many after each failure, for a batch too large for its time limit would never
    /// be written.
    private(set) var batchLimit = Self.batchLimits.upperBound
    /// Not looked at before, on the monotonic clock in nanoseconds.
    private(set) var notBefore: Int64 = 0
    private var failures = 0
    /// Its turn comes then, on the same clock; tests look whenever they like.
    private(set) var nextLook: Int64 = 0
    private var lookPause = Self.lookPauses.lowerBound

    /// Entries in one transaction; 64 bookings each at most.
    private static let batchLimits = 1...500
    private static let pauses: ClosedRange<Int64> = 10_000_000...1_000_000_000
    /// Between two looks at a quiet outbox: the first keeps a confirmation waiting shortly, the last spares Redis.
    private static let lookPauses: ClosedRange<Int64> = 2_000_000...25_000_000

    init(_ row: PartitionRow) { self.row = row }

    /// It was looked at: the next look is after a pause that doubles while nothing is found.
    mutating func found(_ something: Bool, now: Int64) {
        lookPause = something ? Self.lookPauses.lowerBound : min(lookPause * 2, Self.lookPauses.upperBound)
        nextLook = max(now + lookPause, notBefore)
    }

    /// Something was done.
    mutating func succeeded(_ row: PartitionRow) {
        self.row = row
        failures = 0
        notBefore = 0
        batchLimit = min(batchLimit * 2, Self.batchLimits.upperBound)
    }

    /// Nothing was done: a pause that doubles each time, so that one broken partition neither spins nor holds up others.
    mutating func failed(now: Int64) {
        notBefore = now + min(Self.pauses.lowerBound << Int64(min(failures, 10)), Self.pauses.upperBound)
        failures += 1
        batchLimit = max(batchLimit / 2, Self.batchLimits.lowerBound)
    }
}
