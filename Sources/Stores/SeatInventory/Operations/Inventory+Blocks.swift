package import BoxOffice
import RedisClient

extension Inventory {
    /// The blocks of an event, by id.
    ///
    /// - Returns: `nil` if Redis does not have the event, or its partition is being recovered.
    package func blocks(of event: EventID) async throws(InventoryError) -> [Block]? {
        let partition = keys.partition(of: event)
        let replies = try await pipeline([
            ["HGETALL", keys.blocks(event)], ["HGET", keys.event(event), "p"],
        ])
        // Read after the blocks: if the partition is open under this epoch now, it was when the blocks were read.
        let state = try await state(of: partition)
        let policy = replies[1].bytes.flatMap { StoredPolicy($0) }
        guard state.isOpen, state.identity == (try identity()), policy?.epoch == String(state.epoch) else { return nil }
        return Block.list(replies[0]).sorted { $0.id.uuid < $1.id.uuid }
    }
}
