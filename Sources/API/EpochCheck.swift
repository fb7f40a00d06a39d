import Booking
import EventLoop
import Records

/// Tells whether a Redis is still the one whose outbox is written down: a copy that a failover did not reach goes on with
/// the old primary, where nothing says that others have moved on. And whether PostgreSQL has refused anything of what the
/// cursor has passed (ADR 18). Lives on one loop.
///
/// However many ask, PostgreSQL is asked one thing at a time: who comes meanwhile shares the next question, never the one
/// that is under way.
final class EpochCheck {
    private struct Asker {
        let partition: Partition
        let resume: (PartitionStanding?) -> Void
    }

    /// Longest wait for an answer.
    private static let patience = Duration.milliseconds(250)

    private let loop: EventLoop
    private let partitions: Partitions
    /// Who the question that is under way is for.
    private var asking: [Asker] = []
    /// Who the next one is for.
    private var next: [Asker] = []
    private var isAsking = false
    /// Whether the question under way is not answered in time: until it is, nobody waits.
    private var isLate = false
    private var timer: LoopTimer?

    init(loop: EventLoop, partitions: Partitions) {
        self.loop = loop
        self.partitions = partitions
    }

    /// How a partition stands in PostgreSQL at a moment after the call; `nil` when it does not answer in time.
    func standing(of partition: Partition) async -> PartitionStanding? {
        await withUnsafeContinuation { continuation in
            standing(of: partition) { continuation.resume(returning: $0) }
        }
    }

    /// The same without a task of the caller's.
    ///
    /// - Parameter then: called once, on the loop; perhaps before this returns.
    func standing(of partition: Partition, then: @escaping (PartitionStanding?) -> Void) {
        guard !isLate else { return then(nil) }
        next.append(Asker(partition: partition, resume: then))
        guard !isAsking else { return }
        isAsking = true
        loop.spawn { [self] in await ask() }
    }

    private func ask() async {
        while !next.isEmpty {
            (asking, next) = (next, [])
            // Without memory for a timer the pool's own deadline holds.
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
