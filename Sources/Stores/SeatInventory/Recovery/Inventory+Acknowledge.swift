package import BoxOffice
import LuaLibrary
import RedisClient

extension Inventory {
    /// Maximum number of bookings in one call of `acknowledge`.
    package static let acknowledgeLimit = 500

    /// The channel on which a serving loop receives acknowledgements.
    ///
    /// The name says that a message may have several lines; on `usher:ack:` older processes expect one line per
    /// message.
    ///
    /// - Parameter copy: identifies the loop.
    package static func acknowledgementChannel(_ copy: String) -> String { "usher:acks:\(copy)" }

    /// Whether subscribers of this channel accept several lines in one message.
    package static func takesLines(_ channel: String) -> Bool { channel.utf8.starts(with: "usher:acks:".utf8) }

    /// A booking that may leave Redis.
    package struct ReleasableBooking: Sendable {
        package let booking: BookingID
        /// The persisted version; a later one stays.
        package let version: Int64
        /// How long it still stays.
        package let milliseconds: Int64

        package init(booking: BookingID, version: Int64, milliseconds: Int64) {
            self.booking = booking
            self.version = version
            self.milliseconds = milliseconds
        }
    }

    /// Moves Redis's cursor to PostgreSQL's, and lets bookings expire from Redis; any number of them.
    ///
    /// - Parameters:
    ///   - old: the previous cursor.
    ///   - entries: the number of entries in between.
    package func acknowledge(
        _ partition: Partition, epoch: Int64, from old: StreamID, to cursor: StreamID, entries: Int,
        releasing: [ReleasableBooking]
    ) async throws(InventoryError) {
        var rest = releasing[...]
        repeat {
            let some = rest.prefix(Self.acknowledgeLimit)
            rest = rest.dropFirst(some.count)
            // The last call moves the cursor.
            let reached = rest.isEmpty ? cursor : old
            let result = await withUnsafeContinuation { continuation in
                acknowledge(partition, epoch: epoch, from: old, to: reached, entries: entries, releasing: some) {
                    continuation.resume(returning: $0)
                }
            }
            try result.get()
        } while !rest.isEmpty
    }

    /// Sends one call before it returns: commands sent afterwards are answered after it.
    ///
    /// - Parameters:
    ///   - releasing: at most `acknowledgeLimit`.
    ///   - completion: called once, on the loop.
    package func acknowledge(
        _ partition: Partition, epoch: Int64, from old: StreamID, to cursor: StreamID, entries: Int,
        releasing: some Collection<ReleasableBooking>, completion: @escaping (Result<Void, InventoryError>) -> Void
    ) {
        precondition(releasing.count <= Self.acknowledgeLimit, "too many bookings for one call")
        var call = RedisFunctionCall(functions.acknowledge, keyCount: 2, argumentCount: 5)
        call.append(keys.meta(partition))
        call.append(keys.outbox(partition))
        call.append(String(epoch))
        call.append(old.description)
        call.append(cursor.description)
        call.append(String(entries))
        var bookings: [UInt8] = []
        bookings.reserveCapacity(23 * releasing.count)
        for one in releasing {
            bookings.append(one.booking.uuid)
            bookings.append(one.version, width: 3)
            bookings.append(one.milliseconds, width: 4)
        }
        call.append(bookings)
        connection.call(call) { result in completion(result.map { _ in }.mapError { InventoryError($0) }) }
    }

    /// Number of outbox entries in all partitions that are not persisted, by Redis's cursors.
    package func backlog() async throws(InventoryError) -> Int {
        let calls = keys.all.map { partition in
            var call = RedisFunctionCall(functions.backlog, keyCount: 2, argumentCount: 0)
            call.append(keys.meta(partition))
            call.append(keys.outbox(partition))
            return call
        }
        let connection = connection
        let results = await withUnsafeContinuation { continuation in
            var results: [Result<RedisValue, RedisError>] = []
            for call in calls {
                connection.call(call) { result in
                    results.append(result)
                    if results.count == calls.count { continuation.resume(returning: results) }
                }
            }
        }
        var sum = 0
        for result in results {
            switch result {
            case .success(let value): sum += Int(Reply(value)?.integer(0) ?? 0)
            case .failure(let error): throw InventoryError(error)
            }
        }
        return sum
    }
}

extension Inventory {
    /// Age of the oldest outbox entry that is not persisted, milliseconds; 0 if all are persisted.
    package func oldestUnpersisted() async throws(InventoryError) -> Int64 {
        let cursors = try await pipeline(keys.all.map { ["HGET", keys.meta($0), "cursor"] })
        let firsts = try await pipeline(
            zip(keys.all, cursors).map { partition, cursor in
                ["XRANGE", keys.outbox(partition), "(\(cursor.string ?? "0-0")", "+", "COUNT", "1"]
            })
        let ids = firsts.compactMap { $0.array?.first?.array?.first?.string.flatMap { StreamID($0) } }
        guard let oldest = ids.map(\.milliseconds).min() else { return 0 }
        return max(0, try await now() - Int64(oldest))
    }
}
