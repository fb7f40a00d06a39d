import Synchronization

/// How many confirming calls of one copy may wait to be written down at a time; shared by its loops.
public final class WaitAllowance: Sendable {
    /// Waits a copy bears, by the contract; each costs a connection, a timer and an entry.
    public static let usual = 1000

    private let left: Atomic<Int>

    /// So many at a time.
    public init(_ count: Int = WaitAllowance.usual) { left = Atomic(count) }

    /// Takes one; false when all are taken.
    func take() -> Bool {
        if left.wrappingSubtract(1, ordering: .relaxed).newValue >= 0 { return true }
        giveBack()
        return false
    }

    /// Gives one back.
    func giveBack() { left.wrappingAdd(1, ordering: .relaxed) }
}
