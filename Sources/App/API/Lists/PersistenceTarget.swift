import BoxOffice
import Records
import SeatInventory

/// The position that PostgreSQL has to reach for a list to be as of its request. A value: no I/O, no clock.
///
/// A partition is settled once, after the request, Redis has reported the end of its outbox under an epoch, and
/// PostgreSQL has reached it under the same epoch. Anything that another Redis answered before the request was under a
/// higher epoch, which PostgreSQL had before anything was answered under it (ADR 18).
struct PersistenceTarget {
    /// Unsettled partitions, each with the end of its outbox once Redis has reported it.
    private var open: [Partition: OutboxEnd?]
    /// Whether a settled partition had bookings that PostgreSQL refused.
    private(set) var hasOverruled = false
    /// Whether a settled partition has dead letters.
    private(set) var hasDeadLetters = false

    init(_ partitions: [Partition]) { open = Dictionary(uniqueKeysWithValues: partitions.map { ($0, nil) }) }

    /// Whether all partitions are settled.
    var isSettled: Bool { open.isEmpty }

    /// Partitions whose outbox end Redis has yet to report.
    var unasked: [Partition] { open.filter { $0.value == nil }.map(\.key) }

    /// Partitions whose cursor PostgreSQL has yet to report.
    var unsettled: [Partition] { Array(open.keys) }

    /// Applies what Redis reported after the request.
    mutating func take(_ ends: [Partition: OutboxEnd]) {
        for partition in unasked {
            if let end = ends[partition] { open[partition] = .some(end) }
        }
    }

    /// Applies what PostgreSQL reported after the request.
    mutating func take(_ cursors: [Partition: PartitionCursor]) {
        for (partition, end) in open {
            guard let end, let persisted = cursors[partition] else { continue }
            guard persisted.epoch == end.epoch else {
                // A recovery is running or done, or this process still talks to a Redis that was replaced.
                open[partition] = .some(nil)
                continue
            }
            guard persisted.cursor >= end.last else { continue }
            open[partition] = nil
            hasOverruled = hasOverruled || persisted.hasOverruled
            hasDeadLetters = hasDeadLetters || persisted.hasDeadLetters
        }
    }
}
