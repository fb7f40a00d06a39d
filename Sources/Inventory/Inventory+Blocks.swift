public import Booking
import RedisClient

extension Inventory {
    /// What of an event is off sale, by the blocks' ids.
    ///
    /// - Returns: `nil` when Redis cannot tell: it does not have the event, or its partition is being recovered.
    public func blocks(of event: EventID) async throws(InventoryError) -> [Block]? {
        let partition = keys.partition(of: event)
        let replies = try await pipeline([
            ["HGETALL", keys.blocks(event)], ["HGET", keys.event(event), "epoch"],
        ])
        // Read after the blocks: what is open now was open under this epoch then.
        let state = try await state(of: partition)
        guard state.isOpen, state.identity == (try identity()), replies[1].string == String(state.epoch) else {
            return nil
        }
        let fields = (replies[0].array ?? []).map { $0.string ?? "" }
        return stride(from: 0, to: fields.count - 1, by: 2).compactMap { index in
            BlockID(fields[index]).flatMap { Block(id: $0, text: fields[index + 1]) }
        }.sorted { $0.id.uuid < $1.id.uuid }
    }
}
