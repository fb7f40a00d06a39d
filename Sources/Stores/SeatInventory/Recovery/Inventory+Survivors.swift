package import BoxOffice
package import RedisClient

/// Reads what is left in Redis of a partition whose outbox cannot be relied on.
extension Inventory {
    /// Keys per call of SCAN: blocks Redis for well below a millisecond.
    private static let scanCount = "1000"

    /// A booking as stored in Redis.
    package typealias Survivor = (id: BookingID, record: BookingRecord)

    /// Reads all bookings of a partition under an epoch, page by page, in any form.
    ///
    /// Scans all keys of the Redis, because there is no list of a partition's keys: some hundred thousand a second, in
    /// calls that each block Redis for well below a millisecond. Only a partition with a damaged outbox needs it. A
    /// booking may occur twice.
    ///
    /// - Parameters:
    ///   - recovery: the epoch of the recovery that closed the partition, if the caller is one.
    ///   - take: receives a page, of about `scanCount` at most; false stops the scan.
    /// - Returns: false if this is not the Redis that was closed, or `take` stopped the scan.
    package func survivors(
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
            let names = list.compactMap(\.bytes)
            guard !names.isEmpty else { continue }
            guard let page = try await survivors(named: names, epoch, in: partition, closedUnder: recovery),
                try await take(page)
            else { return false }
        } while cursor != "0"
        return true
    }

    /// Reads those of these bookings that Redis has under an epoch, in any form.
    ///
    /// - Returns: `nil` if this is not the Redis that was closed.
    package func survivors(
        _ bookings: [BookingID], in partition: Partition, epoch: Int64, closedUnder recovery: Int64? = nil
    ) async throws(InventoryError) -> [Survivor]? {
        let names = bookings.flatMap { [keys.booking($0), Array(keys.firstFormBooking($0).utf8)] }
        return try await survivors(named: names, epoch, in: partition, closedUnder: recovery)
    }

    private func survivors(
        named names: [[UInt8]], _ epoch: Int64, in partition: Partition, closedUnder recovery: Int64?
    ) async throws(InventoryError) -> [Survivor]? {
        guard !names.isEmpty else { return [] }
        var read = RedisCommand(argumentCount: 1 + names.count)
        read.append("MGET")
        for name in names { read.append(name) }
        guard let reply = try await command(read, in: partition, closedUnder: recovery) else { return nil }
        let prefix = keys.bookings(partition).utf8.count
        return zip(names, reply.array ?? []).compactMap { name, value in
            Self.survivor(name.dropFirst(prefix), value).flatMap { $0.record.epoch == epoch ? $0 : nil }
        }
    }

    /// Parses a booking's record in any form; `nil` if it is not one.
    ///
    /// - Parameter name: the end of its key: 16 bytes, or 36 characters in the first form.
    private static func survivor(_ name: ArraySlice<UInt8>, _ value: RedisValue) -> Survivor? {
        guard let bytes = value.bytes else { return nil }
        if name.count == 16 {
            var reader = ByteReader(name)
            return BookingRecord(bytes[...]).map { (BookingID(stored: reader.uuid()), $0) }
        }
        guard let uuid = UUIDBytes(utf8: name), let text = TextRecord(utf8: bytes[...]), let epoch = Int64(text.epoch)
        else { return nil }
        return (BookingID(stored: uuid), BookingRecord(image: text.image, epoch: epoch, claimed: nil))
    }

    /// Sends a recovery's read to the Redis that the recovery closed: after a reconnect the connection may lead to
    /// another.
    ///
    /// - Returns: `nil` if the partition is not closed under this epoch.
    package func command(
        _ arguments: [String], in partition: Partition, closedUnder epoch: Int64?
    ) async throws(InventoryError) -> RedisValue? {
        try await command(RedisCommand(arguments), in: partition, closedUnder: epoch)
    }

    private func command(
        _ command: RedisCommand, in partition: Partition, closedUnder epoch: Int64?
    ) async throws(InventoryError) -> RedisValue? {
        guard let epoch else { return try await self.command(command) }
        let replies = await results(of: [RedisCommand("HMGET", keys.meta(partition), "epoch", "state"), command])
        let meta = try replies[0].get().array ?? []
        guard meta.count == 2, meta[0].integer == epoch, meta[1].string == "recovering" else { return nil }
        return try replies[1].get()
    }

    /// Reads an event from Redis under an epoch, whether its partition is open or not, in any form.
    ///
    /// - Returns: its tiers and its blocks, or `nil` if it is not loaded under that epoch.
    package func terms(
        of event: EventID, epoch: Int64
    ) async throws(InventoryError) -> (tiers: [TierCounters], blocks: [Block])? {
        let replies = try await pipeline([["HMGET", keys.event(event), "p", "o"], ["HGETALL", keys.blocks(event)]])
        guard let stored = try await stored(event, replies[0].array ?? []), stored.epoch == epoch else { return nil }
        return (stored.tiers, Block.list(replies[1]))
    }

    /// - Parameter fields: its policy and the order of its tiers, if it is in the present form.
    private func stored(_ event: EventID, _ fields: [RedisValue]) async throws(InventoryError) -> StoredEvent? {
        guard let policy = fields.first?.bytes else {
            return StoredEvent(firstForm: try await command(["HGETALL", keys.event(event)]))
        }
        return StoredEvent(policy: policy, tiers: try await tiers(of: event, order: fields.last?.bytes ?? []).counters)
    }

    /// The tiers in an event's hash, in the order of `o`, and how many of them have hints.
    func tiers(
        of event: EventID, order: [UInt8]
    ) async throws(InventoryError) -> (counters: [TierCounters], hints: Int) {
        var reader = ByteReader(order[...])
        var ids: [UUIDBytes] = []
        while !reader.isAtEnd, reader.isSound { ids.append(reader.uuid()) }
        guard !ids.isEmpty else { return ([], 0) }
        let replies = await results(
            of: ["t", "h"].map { mark in fields(event, ids.map { Array(mark.utf8) + $0.bytes }) })
        let counters = try replies[0].get().array ?? []
        let hints = try replies[1].get().array ?? []
        return (
            zip(ids, counters).compactMap { id, bytes in
                bytes.bytes.flatMap { TierCounters(tier: TierID(id), bytes: $0) }
            }, hints.count { $0.bytes != nil }
        )
    }

    private func fields(_ event: EventID, _ names: [[UInt8]]) -> RedisCommand {
        var command = RedisCommand(argumentCount: 2 + names.count)
        command.append("HMGET")
        command.append(keys.event(event))
        for name in names { command.append(name) }
        return command
    }
}
