/// A histogram: counts observations by upper bound. Lock-free; usable on any thread.
package final class Histogram: Sendable {
    /// Upper bounds, ascending, in the unit of observations.
    let bounds: [Int]
    let unit: Unit
    /// One bucket per bound, and one for values above all bounds.
    private let buckets: [Counter]
    private let total = Counter()

    init(bounds: [Int], unit: Unit) {
        self.bounds = bounds
        self.unit = unit
        buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// Records an observation; a negative value, from a clock that was set back, adds 0 to the sum.
    package func observe(_ value: Int) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        buckets[index].add()
        total.add(max(0, value))
    }

    /// Records a duration in nanoseconds.
    package func observe(_ value: Int64) { observe(Int(value)) }

    /// Cumulative bucket counts, and the sum of all observations.
    var cumulative: (counts: [Int], sum: Int) {
        var counts: [Int] = []
        for bucket in buckets { counts.append((counts.last ?? 0) + bucket.value) }
        return (counts, total.value)
    }
}

extension Histogram {
    /// Bounds for requests and store operations: 100 µs to 10 s.
    static let latencies = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]
    /// Bounds for group and batch sizes: 1 to 64, the most claims in one call, and batches of some thousands.
    static let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
}
