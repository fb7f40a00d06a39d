import Synchronization

/// Limits how many confirming calls of one process may wait for persistence at a time; shared by its loops.
package final class WaitAllowance: Sendable {
    /// The contract's limit of waits per process; each costs a connection, a timer and an entry.
    package static let usual = 1000

    private let left: Atomic<Int>

    package init(_ count: Int = WaitAllowance.usual) { left = Atomic(count) }

    /// Takes one wait; false if all are taken.
    func take() -> Bool {
        if left.wrappingSubtract(1, ordering: .relaxed).newValue >= 0 { return true }
        giveBack()
        return false
    }

    /// Returns one wait.
    func giveBack() { left.wrappingAdd(1, ordering: .relaxed) }
}
