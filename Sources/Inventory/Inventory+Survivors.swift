public import Booking
public import RedisClient

/// What is left in Redis of a partition whose outbox cannot be relied on.
extension Inventory {
    /// Keys looked at in one call of SCAN: it blocks Redis for well below a millisecond.
    private static let scanCount = "1000"

    /// A booking as Redis has it.
    public typealias Survivor = (id: BookingID, image: BookingImage)

    /// Every booking that Redis has of a partition under an epoch, page by page.
    ///
    /// It looks at all keys there are, for those of a partition are in no list: some hundred thousand a second, in calls
    /// that each block Redis for well below a millisecond. Only a partition whose outbox is damaged needs it. A booking
    /// may come twice.
    ///
    /// - Parameters:
    ///   - recovery: the epoch of the recovery that closed the partition, when it is one that asks.
    ///   - take: is given a page, of about `scanCount` at most; false ends it.
    /// - Returns: false when this is not the Redis that was closed, or `take` ended it.
    public func survivors(
        _ partition: Partition, epoch: Int64, closedUnder recovery: Int64? = nil,
        _ take: nonisolated(nonsending) ([Survivor]) async throws -> Bool
    ) async throws -> Bool {
        let prefix = keys.bookings(partition)
        var cursor = "0"
        repeat {
            let reply = try await command(["SCAN", cursor, "MATCH", prefix + "*", "COUNT", Self.scanCount])
            guard let part = reply.array, part.count == 2, let next = part[0].string, let list = part[1].array else {
                throw InventoryError(.scriptFailed, "SCAN")
            }
            cursor = next
            let ids = list.compactMap(\.string).compactMap { UUIDBytes($0.dropFirst(prefix.count)) }
            guard !ids.isEmpty else { continue }
            guard
                let page = try await survivors(
                    ids.map { BookingID(stored: $0) }, in: partition, epoch: epoch, closedUnder: recovery),
                try await take(page)
            else { return false }
        } while cursor != "0"
        return true
    }

    /// Those of these bookings that Redis has under an epoch.
    ///
    /// - Returns: `nil` when this is not the Redis that was closed.
    public func survivors(
        _ bookings: [BookingID], in partition: Partition, epoch: Int64, closedUnder recovery: Int64? = nil
    ) async throws(InventoryError) -> [Survivor]? {
        guard !bookings.isEmpty else { return [] }
        let names = bookings.map { keys.booking($0) }
        guard let reply = try await command(["MGET"] + names, in: partition, closedUnder: recovery) else { return nil }
        return zip(bookings, reply.array ?? []).compactMap { booking, record in
            guard let record = record.bytes.flatMap({ BookingRecord(utf8: $0[...]) }), record.epoch == String(epoch)
            else { return nil }
            return (booking, record.image)
        }
    }

    /// What a recovery reads, from the Redis that it closed: a connection that broke may lead to another by now.
    ///
    /// - Returns: `nil` when the partition is not closed under this epoch.
    public func command(
        _ arguments: [String], in partition: Partition, closedUnder epoch: Int64?
    ) async throws(InventoryError) -> RedisValue? {
        guard let epoch else { return try await command(arguments) }
        let replies = try await pipeline([["HMGET", keys.meta(partition), "epoch", "state"], arguments])
        let meta = replies[0].array ?? []
        guard meta.count == 2, meta[0].integer == epoch, meta[1].string == "recovering" else { return nil }
        return replies[1]
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
