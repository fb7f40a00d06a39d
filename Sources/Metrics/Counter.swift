import Synchronization

/// A number that only grows, or, as a gauge, one that is set. Any thread may change it; nobody waits.
public final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    let unit: Unit

    init(unit: Unit = .pieces) { self.unit = unit }

    /// What it is now.
    public var value: Int { number.load(ordering: .relaxed) }

    /// Adds to it; less than nothing only to a gauge.
    public func add(_ amount: Int = 1) { number.wrappingAdd(amount, ordering: .relaxed) }

    /// Sets a gauge, or a counter that is counted elsewhere.
    public func set(_ value: Int) { number.store(value, ordering: .relaxed) }
}
