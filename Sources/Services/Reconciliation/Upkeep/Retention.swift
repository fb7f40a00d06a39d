import BoxOffice

/// Decides how far an outbox may be trimmed: entries stay for a while after they were persisted.
///
/// An entry's age counts from when this replica saw its cursor: ids are not times, they run ahead of a clock set back.
struct Retention {
    private var marks: [(at: Int64, cursor: StreamID)] = []
    private var trimmed = StreamID.zero

    /// The least distance between marks, nanoseconds: a few hundred marks an hour.
    private static let spacing: Int64 = 10_000_000_000

    /// Records the committed cursor.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, nanoseconds.
    ///   - retained: how long entries stay, nanoseconds; 0 to keep none.
    /// - Returns: the entry below which all may be trimmed; `nil` if unchanged.
    mutating func horizon(_ cursor: StreamID, now: Int64, retained: Int64) -> StreamID? {
        let last = marks.last
        if cursor > last?.cursor ?? trimmed, last.map({ now - $0.at >= min(Self.spacing, retained) }) ?? true {
            marks.append((now, cursor))
        }
        let old = marks.prefix { now - $0.at >= retained }
        marks.removeFirst(old.count)
        guard let horizon = old.last?.cursor else { return nil }
        trimmed = horizon
        return horizon
    }
}
