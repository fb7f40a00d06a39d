public import Booking
import RedisClient

extension Inventory {
    /// What of an event is off sale, by the blocks' ids.
    ///
    /// - Returns: `nil` when Redis cannot tell: it does not have the event, or its partition is being recovered.
    public func blocks(of event: EventID) async throws(InventoryError) -> [Block]? {
        let partition = keys.partition(of: event)
        let replies = try await pipeline([
            ["HGETALL", keys.blocks(event)], ["HGET", keys.event(event), "p"],
        ])
        // Read after the blocks: what is open now was open under this epoch then.
        let state = try await state(of: partition)
        let policy = replies[1].bytes.flatMap { StoredPolicy($0) }
        guard state.isOpen, state.identity == (try identity()), policy?.epoch == String(state.epoch) else { return nil }
        return Block.list(replies[0]).sorted { $0.id.uuid < $1.id.uuid }
    }
}
