import Booking

/// One operation on its way, until it is decided: what is asked again, and how often. Lives on one loop.
final class OperationCall {
    let operation: Operation
    let event: EventID
    let partition: Partition
    /// Whether it was asked before and the answer was lost.
    private(set) var again = false
    private let moreLimit: Int
    private let isRepeatable: Bool
    private var more = 0
    private var stale = 0
    private let then: (Result<OperationAnswer, InventoryError>) -> Void

    /// - Parameters:
    ///   - moreLimit: how often it is repeated while due holds are being released.
    ///   - isRepeatable: whether it may be asked again after a lost answer: a second ask finds what the first one did.
    ///   - then: called once: what was decided; `.more` when holds were still being released, `.noEvent`. An error:
    ///     `.outcomeUnknown` when an answer was lost, else nothing was done.
    init(
        _ operation: Operation, of event: EventID, _ partition: Partition, moreLimit: Int, isRepeatable: Bool,
        then: @escaping (Result<OperationAnswer, InventoryError>) -> Void
    ) {
        self.operation = operation
        self.event = event
        self.partition = partition
        self.moreLimit = moreLimit
        self.isRepeatable = isRepeatable
        self.then = then
    }

    /// Takes what Redis said; calls back when that decides it.
    ///
    /// - Returns: whether it is to be asked again.
    func take(_ answer: Result<OperationAnswer, InventoryError>, _ inventory: Inventory) -> Bool {
        switch answer {
        case .success(.more):
            more += 1
            if more < moreLimit { return true }
            then(answer)
        case .success(.staleEpoch):
            inventory.forgetEpoch(partition)
            stale += 1
            if stale < 2 { return true }
            fail(InventoryError(.recovering, "partition \(partition.number)"))
        case .success:
            then(answer)
        case .failure(let error) where error.code == .outcomeUnknown && isRepeatable && !again:
            // The very same operation again: what it finds tells what the first one did.
            again = true
            return true
        case .failure(let error):
            fail(error)
        }
        return false
    }

    /// Once an answer was lost, no later refusal proves that nothing was done.
    func fail(_ error: InventoryError) {
        then(.failure(again ? InventoryError(.outcomeUnknown, error.detail) : error))
    }
}
