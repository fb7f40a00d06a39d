import Booking
import Inventory
import Records

/// Up to where PostgreSQL has to be for a list to be as of its request. A value: it asks no store and knows no clock.
///
/// A partition is settled when, after the request, Redis said under an epoch how far its outbox goes, and PostgreSQL that
/// it is there under the same epoch. Whatever another Redis answered before the request was under a higher epoch, which
/// PostgreSQL knew before anything was answered under it (ADR 18).
struct PersistenceTarget {
    /// Partitions that are not settled, each with where its outbox ends, once Redis has said.
    private var open: [Partition: OutboxEnd?]
    /// Whether a settled partition had bookings that PostgreSQL refused.
    private(set) var hasOverruled = false
    /// Whether a settled partition has dead letters.
    private(set) var hasDeadLetters = false

    init(_ partitions: [Partition]) { open = Dictionary(uniqueKeysWithValues: partitions.map { ($0, nil) }) }

    /// Whether PostgreSQL has all of it.
    var isSettled: Bool { open.isEmpty }

    /// Partitions of which Redis has to say where their outboxes end.
    var unasked: [Partition] { open.filter { $0.value == nil }.map(\.key) }

    /// Partitions of which PostgreSQL has to say how far they are persisted.
    var unsettled: [Partition] { Array(open.keys) }

    /// Takes what Redis said after the request.
    mutating func take(_ ends: [Partition: OutboxEnd]) {
        for partition in unasked {
            if let end = ends[partition] { open[partition] = .some(end) }
        }
    }

    /// Takes what PostgreSQL said after the request.
    mutating func take(_ cursors: [Partition: PartitionCursor]) {
        for (partition, end) in open {
            guard let end, let persisted = cursors[partition] else { continue }
            guard persisted.epoch == end.epoch else {
                // A recovery is under way or over, or this Redis is one that the others have left.
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
