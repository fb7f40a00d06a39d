import BoxOffice
import Loops
import Records

/// Checks whether this process talks to the Redis whose outbox is being persisted: a replica that a failover did not
/// reach continues with the old primary, which does not know that it was replaced. Also checks whether PostgreSQL has
/// refused entries that the cursor has passed (ADR 18). Lives on one loop.
///
/// At most one query runs at a time. Callers that arrive meanwhile share the next one, never the running one.
final class EpochCheck {
    private struct Asker {
        let partition: Partition
        let resume: (PartitionStatus?) -> Void
    }

    /// Longest wait for PostgreSQL's answer.
    private static let patience = Duration.milliseconds(250)

    private let loop: EventLoop
    private let partitions: Partitions
    /// Callers that the running query will answer.
    private var asking: [Asker] = []
    /// Callers that the next query will answer.
    private var next: [Asker] = []
    private var isAsking = false
    /// Whether the running query is late: until it is answered, callers get no answer (`nil`) at once.
    private var isLate = false
    private var timer: LoopTimer?

    init(loop: EventLoop, partitions: Partitions) {
        self.loop = loop
        self.partitions = partitions
    }

    /// A partition's standing in PostgreSQL at a moment after the call; `nil` if PostgreSQL does not answer in time.
    func standing(of partition: Partition) async -> PartitionStatus? {
        await withUnsafeContinuation { continuation in
            standing(of: partition) { continuation.resume(returning: $0) }
        }
    }

    /// Gets a partition's standing without a task.
    ///
    /// - Parameter then: called once, on the loop; possibly before this returns.
    func standing(of partition: Partition, then: @escaping (PartitionStatus?) -> Void) {
        guard !isLate else { return then(nil) }
        next.append(Asker(partition: partition, resume: then))
        guard !isAsking else { return }
        isAsking = true
        loop.spawn { [self] in await ask() }
    }

    private func ask() async {
        while !next.isEmpty {
            (asking, next) = (next, [])
            // If there is no memory for a timer, the pool's own deadline applies.
            timer = try? LoopTimer(loop: loop, after: Self.patience, repeats: false) { [weak self] in self?.giveUp() }
            let standings = (try? await partitions.standings(of: Array(Set(asking.map(\.partition))))) ?? [:]
            timer = nil
            isLate = false
            let answered = asking
            asking = []
            for asker in answered { asker.resume(standings[asker.partition]) }
        }
        isAsking = false
    }

    private func giveUp() {
        isLate = true
        let late = asking + next
        (asking, next) = ([], [])
        for asker in late { asker.resume(nil) }
    }
}
