public import Booking
import RedisClient

/// What is left in Redis of a partition whose outbox cannot be relied on.
extension Inventory {
    /// Keys looked at in one call of SCAN: it blocks Redis for well below a millisecond.
    private static let scanCount = "1000"

    /// Every booking that Redis has of a partition under an epoch. It looks at all keys there are.
    public func survivors(
        _ partition: Partition, epoch: Int64
    ) async throws(InventoryError) -> [BookingID: BookingImage] {
        let prefix = keys.bookings(partition)
        var found: [BookingID: BookingImage] = [:]
        var cursor = "0"
        repeat {
            let reply = try await command(["SCAN", cursor, "MATCH", prefix + "*", "COUNT", Self.scanCount])
            guard let part = reply.array, part.count == 2, let next = part[0].string, let list = part[1].array else {
                throw InventoryError(.scriptFailed, "SCAN")
            }
            cursor = next
            let names = list.compactMap(\.string)
            guard !names.isEmpty else { continue }
            let records = try await command(["MGET"] + names).array ?? []
            for (name, record) in zip(names, records) {
                guard let uuid = UUIDBytes(name.dropFirst(prefix.count)),
                    let text = record.string, let record = BookingRecord(text: text), record.epoch == String(epoch)
                else { continue }
                found[BookingID(stored: uuid)] = record.image
            }
        } while cursor != "0"
        return found
    }

    /// An event as Redis has it under an epoch, whether it is open or not.
    ///
    /// - Returns: its tiers and its blocks, or `nil` when it is not there under that epoch.
    public func terms(
        of event: EventID, epoch: Int64
    ) async throws(InventoryError) -> (tiers: [TierCounters], blocks: [Block])? {
        let known = try await command(["HGET", keys.event(event), "epoch"]).integer
        guard known == epoch, let availability = try await availability(event) else { return nil }
        let fields = try await command(["HGETALL", keys.blocks(event)]).array ?? []
        var blocks: [Block] = []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let id = fields[index].string.flatMap({ BlockID($0) }), let text = fields[index + 1].string,
                let block = Block(id: id, text: text)
            else { continue }
            blocks.append(block)
        }
        return (availability.tiers, blocks)
    }
}
