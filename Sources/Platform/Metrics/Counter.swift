import Synchronization

/// A counter, or a gauge if it is set. Lock-free; usable on any thread.
package final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    let unit: Unit

    init(unit: Unit = .pieces) { self.unit = unit }

    package var value: Int { number.load(ordering: .relaxed) }

    /// Adds to the value; negative amounts only for a gauge.
    package func add(_ amount: Int = 1) { number.wrappingAdd(amount, ordering: .relaxed) }

    /// Sets a gauge, or a counter that is counted elsewhere.
    package func set(_ value: Int) { number.store(value, ordering: .relaxed) }
}
