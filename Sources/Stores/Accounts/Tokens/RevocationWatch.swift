package import Loops
package import PostgresClient

/// Updates a loop's `Revocations` from PostgreSQL every second. While PostgreSQL is unavailable they stay unchanged.
package final class RevocationWatch {
    private let loop: EventLoop
    private let store: RevocationStore
    private let revocations: Revocations
    private var timer: LoopTimer?
    private var isAsking = false
    /// PostgreSQL's time at the last query; 0 before the first query.
    private var last: Int64 = 0
    private var looks = 0

    private static let pause = Duration.seconds(1)
    /// Each query overlaps the previous one by this much, since a revocation becomes visible only at commit. No
    /// transaction runs this long.
    private static let overlapMilliseconds: Int64 = 30_000
    /// One in this many queries (every ten minutes) loads all revocations, to drop those that are no longer stored.
    private static let wholeEvery = 600

    /// Creates a stopped watch. Call on the loop's thread only.
    package init(loop: EventLoop, pool: PostgresPool, revocations: Revocations) {
        self.loop = loop
        store = RevocationStore(pool: pool)
        self.revocations = revocations
    }

    /// Queries now, and then every second.
    package func start() {
        loop.spawn { [weak self] in await self?.look() }
        timer = try? LoopTimer(loop: loop, after: Self.pause, repeats: true) { [weak self] in
            guard let self, !isAsking else { return }
            loop.spawn { await self.look() }
        }
    }

    /// Stops the timer.
    package func stop() {
        timer?.cancel()
        timer = nil
    }

    private func look() async {
        guard !isAsking else { return }
        isAsking = true
        defer { isAsking = false }
        let isWhole = last == 0 || looks % Self.wholeEvery == 0
        guard
            let found = try? await store.list(since: isWhole ? 0 : last - Self.overlapMilliseconds)
        else { return }
        looks += 1
        last = found.now
        if isWhole { revocations.replace(with: found.revocations) } else { revocations.add(found.revocations) }
    }
}
