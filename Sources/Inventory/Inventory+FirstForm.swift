public import Booking
import RedisClient

/// What the first form of Redis's data leaves behind in a partition that is recovered into this one.
extension Inventory {
    /// Keys looked at in one call of SCAN: it blocks Redis for well below a millisecond.
    private static let scanCount = "1000"

    /// Gives the records of idempotency keys that the first form has the names of this form, under which callers find
    /// them, and deletes bookings' records and counts of keys, which nothing reads any more: PostgreSQL has them all.
    ///
    /// It looks at all keys there are, in calls that each block Redis for well below a millisecond.
    ///
    /// - Parameter epoch: of the recovery that closed the partition.
    /// - Returns: false when this is not the Redis that was closed.
    public func clearFirstForm(_ partition: Partition, closedUnder epoch: Int64) async throws(InventoryError) -> Bool {
        var cursor = "0"
        repeat {
            let scan = ["SCAN", cursor, "MATCH", keys.pattern(partition), "COUNT", Self.scanCount]
            guard let reply = try await command(scan, in: partition, closedUnder: epoch) else { return false }
            guard let part = reply.array, part.count == 2, let next = part[0].string, let list = part[1].array else {
                throw InventoryError(.scriptFailed, "SCAN")
            }
            cursor = next
            for result in await results(of: list.compactMap(\.bytes).compactMap { clearing($0, partition) }) {
                // A key that has expired since is not there to be renamed.
                if case .failure(let error) = result, error.code != .scriptFailed { throw error }
            }
        } while cursor != "0"
        return true
    }

    /// What becomes of a key; `nil` when it stays.
    private func clearing(_ name: [UInt8], _ partition: Partition) -> RedisCommand? {
        if let digest = keys.firstFormDigest(name, partition) {
            return RedisCommand(bytes: [Array("RENAMENX".utf8), name, keys.idempotency(partition, digest: digest)])
        }
        return keys.isOnlyOfFirstForm(name, partition) ? RedisCommand(bytes: [Array("UNLINK".utf8), name]) : nil
    }
}

extension RedisCommand {
    /// A whole command of arguments that need not be text, its name first.
    fileprivate init(bytes arguments: [[UInt8]]) {
        self.init(argumentCount: arguments.count)
        for argument in arguments { append(argument) }
    }
}
