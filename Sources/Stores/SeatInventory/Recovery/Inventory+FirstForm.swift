package import BoxOffice
import RedisClient

/// Cleans up the first form of Redis's data in a partition that is recovered into the present form.
extension Inventory {
    /// Keys per call of SCAN: blocks Redis for well below a millisecond.
    private static let scanCount = "1000"

    /// Converts the idempotency records of the first form to the present names and form, and deletes bookings' records
    /// and counts of keys, which are not read any more: PostgreSQL has all of them.
    ///
    /// Scans all keys of the Redis, in calls that each block it for well below a millisecond.
    ///
    /// - Parameter epoch: of the recovery that closed the partition.
    /// - Returns: false if this is not the Redis that was closed.
    package func clearFirstForm(_ partition: Partition, closedUnder epoch: Int64) async throws(InventoryError) -> Bool {
        var cursor = "0"
        repeat {
            let scan = ["SCAN", cursor, "MATCH", keys.pattern(partition), "COUNT", Self.scanCount]
            guard let reply = try await command(scan, in: partition, closedUnder: epoch) else { return false }
            guard let part = reply.array, part.count == 2, let next = part[0].string, let list = part[1].array else {
                throw InventoryError(.scriptFailed, "SCAN")
            }
            cursor = next
            let names = list.compactMap(\.bytes)
            try await convert(names.filter { keys.firstFormDigest($0, partition) != nil }, partition)
            let dead = names.filter { keys.isOnlyOfFirstForm($0, partition) }
            _ = try await answers(of: dead.map { ["UNLINK".bytes, $0] })
        } while cursor != "0"
        return true
    }

    /// Converts idempotency records, keeping their lifetimes. A record that exists in the present form is newer and is
    /// kept.
    private func convert(_ names: [[UInt8]], _ partition: Partition) async throws(InventoryError) {
        let texts = try await answers(of: names.flatMap { [["GET".bytes, $0], ["PTTL".bytes, $0]] })
        var commands: [[[UInt8]]] = []
        for (index, name) in names.enumerated() {
            // A key that has expired since the scan cannot be read.
            if let digest = keys.firstFormDigest(name, partition), let text = texts[2 * index].bytes,
                let record = StoredAnswer.bytes(firstForm: text), let stays = texts[2 * index + 1].integer, stays > 0
            {
                commands.append([
                    "SET".bytes, keys.idempotency(partition, digest: digest), record, "PX".bytes, "\(stays)".bytes,
                    "NX".bytes,
                ])
            }
            commands.append(["UNLINK".bytes, name])
        }
        _ = try await answers(of: commands)
    }

    private func answers(of commands: [[[UInt8]]]) async throws(InventoryError) -> [RedisValue] {
        var values: [RedisValue] = []
        for result in await results(of: commands.map { RedisCommand(bytes: $0) }) { values.append(try result.get()) }
        return values
    }
}

extension String {
    fileprivate var bytes: [UInt8] { Array(utf8) }
}

extension RedisCommand {
    /// A command whose arguments need not be text, its name first.
    fileprivate init(bytes arguments: [[UInt8]]) {
        self.init(argumentCount: arguments.count)
        for argument in arguments { append(argument) }
    }
}
