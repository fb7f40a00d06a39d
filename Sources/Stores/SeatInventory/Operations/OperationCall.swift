import BoxOffice

/// One operation until it is decided; handles its retries. Lives on one loop.
final class OperationCall {
    let operation: Operation
    let event: EventID
    let partition: Partition
    /// Whether it was sent before and the answer was lost.
    private(set) var again = false
    private let moreLimit: Int
    private let isRepeatable: Bool
    private var more = 0
    private var stale = 0
    private let then: (Result<OperationAnswer, InventoryError>) -> Void

    /// - Parameters:
    ///   - moreLimit: how often it is repeated while due holds are being released.
    ///   - isRepeatable: whether it may be retried after a lost answer: a retry finds the result of the first attempt.
    ///   - then: called once: the decision; `.more` if holds were still being released; `.noEvent`. An error:
    ///     `.outcomeUnknown` if an answer was lost, else nothing was done.
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

    /// Handles Redis's answer; calls back if it is final.
    ///
    /// - Returns: whether to retry.
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
            // Retry the same operation: its result shows what the first attempt did.
            again = true
            return true
        case .failure(let error):
            fail(error)
        }
        return false
    }

    /// After a lost answer, no later refusal proves that nothing was done.
    func fail(_ error: InventoryError) {
        then(.failure(again ? InventoryError(.outcomeUnknown, error.detail) : error))
    }
}
