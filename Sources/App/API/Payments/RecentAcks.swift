import BoxOffice

/// Recent acknowledgements, for calls that begin to wait just after theirs has arrived.
///
/// Acknowledgements arrive on another connection than Redis's answers, so either may come first. A remembered
/// acknowledgement stays true: PostgreSQL has that version. The memory is bounded in number and in time because most of
/// it is never needed.
///
/// A value without a clock. Times are nanoseconds of any clock that does not jump.
struct RecentAcks {
    private struct Ack: Hashable {
        let booking: BookingID
        let version: BookingVersion
    }

    /// How long an acknowledgement is remembered at least, unless too many follow it; at most twice as long.
    static let nanoseconds: Int64 = 5_000_000_000

    private let limit: Int
    private var newer: Set<Ack> = []
    private var older: Set<Ack> = []
    /// When `newer` began.
    private var start: Int64?

    /// - Parameter limit: at least this many are remembered, and at most twice as many.
    init(limit: Int = 2048) { self.limit = limit }

    /// How many are remembered.
    var count: Int { newer.count + older.count }

    /// Remembers that PostgreSQL has a version.
    mutating func note(_ booking: BookingID, _ version: BookingVersion, now: Int64) {
        let age = age(now)
        if age >= 2 * Self.nanoseconds { newer = [] }
        if age >= Self.nanoseconds || newer.count >= limit {
            older = newer
            newer = []
            start = now
        }
        newer.insert(Ack(booking: booking, version: version))
    }

    /// Whether exactly this version was acknowledged recently.
    func has(_ booking: BookingID, _ version: BookingVersion, now: Int64) -> Bool {
        let ack = Ack(booking: booking, version: version)
        let age = age(now)
        return age < 2 * Self.nanoseconds && newer.contains(ack) || age < Self.nanoseconds && older.contains(ack)
    }

    private func age(_ now: Int64) -> Int64 { start.map { now - $0 } ?? .max }
}
