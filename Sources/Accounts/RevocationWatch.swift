public import EventLoop
public import PostgresClient

/// Keeps a loop's `Revocations` what PostgreSQL says, a second behind at most; while PostgreSQL is away they stay.
public final class RevocationWatch {
    private let loop: EventLoop
    private let store: RevocationStore
    private let revocations: Revocations
    private var timer: LoopTimer?
    private var isAsking = false
    /// PostgreSQL's time at the last look; 0 before the first.
    private var last: Int64 = 0
    private var looks = 0

    private static let pause = Duration.seconds(1)
    /// A transaction that made a revocation may be seen so much later; none runs as long.
    private static let overlapMilliseconds: Int64 = 30_000
    /// Once in so many looks all are read, so that those that are no longer stored are forgotten: every ten minutes.
    private static let wholeEvery = 600

    /// A watch that does not run yet. On the loop's thread only.
    public init(loop: EventLoop, pool: PostgresPool, revocations: Revocations) {
        self.loop = loop
        store = RevocationStore(pool: pool)
        self.revocations = revocations
    }

    /// Looks now, and then every second.
    public func start() {
        loop.spawn { [weak self] in await self?.look() }
        timer = try? LoopTimer(loop: loop, after: Self.pause, repeats: true) { [weak self] in
            guard let self, !isAsking else { return }
            loop.spawn { await self.look() }
        }
    }

    /// Looks no more.
    public func stop() {
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
