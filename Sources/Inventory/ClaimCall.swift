import Booking
import EventLoop

/// One claim on its way, until it is decided: what is asked again, and how often. Lives on one loop.
final class ClaimCall {
    let request: ClaimRequest
    let partition: Partition
    /// Whether it was asked before and the answer was lost.
    private(set) var again = false
    private var more = 0
    private var stale = 0
    private let then: (Result<ClaimOutcome, InventoryError>) -> Void

    /// How often a claim is repeated while due holds are being returned; 8 × 64 holds.
    private static let moreLimit = 8

    /// - Parameter then: called once.
    init(
        _ request: ClaimRequest, _ partition: Partition,
        then: @escaping (Result<ClaimOutcome, InventoryError>) -> Void
    ) {
        self.request = request
        self.partition = partition
        self.then = then
    }

    /// Takes what the script said; calls back when that decides it.
    ///
    /// - Returns: whether it is to be asked again.
    func take(_ answer: Result<ClaimAnswer, InventoryError>, _ inventory: Inventory) -> Bool {
        switch answer {
        case .success(.decided(let outcome)):
            then(.success(outcome))
        case .success(.more):
            more += 1
            if more < Self.moreLimit { return true }
            then(.success(.heldByOthers(retryAt: 0)))
        case .success(.staleEpoch):
            inventory.forgetEpoch(partition)
            stale += 1
            if stale < 2 { return true }
            fail(InventoryError(.recovering, "partition \(partition.number)"))
        case .failure(let error) where error.code == .outcomeUnknown && !again:
            // The very same claim again: the booking's id makes a late original a replay.
            again = true
            return true
        case .failure(let error):
            fail(error)
        }
        return false
    }

    /// It is decided without the script.
    func decide(_ outcome: ClaimOutcome) { then(.success(outcome)) }

    /// Once an answer was lost, no later refusal proves that nothing was done.
    func fail(_ error: InventoryError) {
        then(.failure(again ? InventoryError(.outcomeUnknown, error.detail) : error))
    }
}
