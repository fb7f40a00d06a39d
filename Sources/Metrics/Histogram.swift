/// How often what was measured lay below each of some bounds. Any thread may observe; nobody waits.
public final class Histogram: Sendable {
    /// Upper bounds, rising, in the unit's numbers.
    let bounds: [Int]
    let unit: Unit
    /// One for each bound and one for what is above all.
    private let buckets: [Counter]
    private let total = Counter()

    init(bounds: [Int], unit: Unit) {
        self.bounds = bounds
        self.unit = unit
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// Notes one measurement; what is below nothing, because a clock was set back, counts as nothing.
    public func observe(_ value: Int) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        buckets[index].add()
        total.add(max(0, value))
    }

    /// Notes a time in nanoseconds.
    public func observe(_ value: Int64) { observe(Int(value)) }

    /// How often each bucket was met, those below included, and the sum of all that was measured.
    var cumulative: (counts: [Int], sum: Int) {
        var counts: [Int] = []
        for bucket in buckets { counts.append((counts.last ?? 0) + bucket.value) }
        return (counts, total.value)
    }
}

extension Histogram {
    /// 100 µs to 10 s: what a request, or a store, may take.
    static let latencies = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]
    /// 1 to 64, the most claims that travel in one call; and batches of some thousands.
    static let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
}
