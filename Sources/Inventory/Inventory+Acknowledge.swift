public import Booking
import LuaLibrary
import RedisClient

extension Inventory {
    /// Bookings in one call of `acknowledge`.
    public static let acknowledgeLimit = 500

    /// Where a loop of a process that serves hears that bookings are persisted.
    ///
    /// The name says that one message may have many lines; at `usher:ack:` older processes hear one line a message.
    ///
    /// - Parameter copy: names the loop.
    public static func acknowledgementChannel(_ copy: String) -> String { "usher:acks:\(copy)" }

    /// Whether whoever hears this channel takes many lines in one message.
    public static func takesLines(_ channel: String) -> Bool { channel.utf8.starts(with: "usher:acks:".utf8) }

    /// A booking that need not stay in Redis.
    public struct Leaving: Sendable {
        /// Which.
        public let booking: BookingID
        /// The version that is persisted; a later one stays.
        public let version: Int64
        /// How long it stays all the same.
        public let milliseconds: Int64

        /// A booking that may leave.
        public init(booking: BookingID, version: Int64, milliseconds: Int64) {
            self.booking = booking
            self.version = version
            self.milliseconds = milliseconds
        }
    }

    /// Tells Redis up to where PostgreSQL has an outbox, and which bookings may leave; any number of them.
    ///
    /// - Parameters:
    ///   - old: up to where it had it before.
    ///   - entries: how many entries lie between.
    public func acknowledge(
        _ partition: Partition, epoch: Int64, from old: StreamID, to cursor: StreamID, entries: Int,
        leaving: [Leaving]
    ) async throws(InventoryError) {
        var rest = leaving[...]
        repeat {
            let some = rest.prefix(Self.acknowledgeLimit)
            rest = rest.dropFirst(some.count)
            // The cursor moves with the last call.
            let reached = rest.isEmpty ? cursor : old
            let result = await withUnsafeContinuation { continuation in
                acknowledge(partition, epoch: epoch, from: old, to: reached, entries: entries, leaving: some) {
                    continuation.resume(returning: $0)
                }
            }
            try result.get()
        } while !rest.isEmpty
    }

    /// The same, sent before this returns: what is asked next of Redis is answered after it.
    ///
    /// - Parameters:
    ///   - leaving: at most `acknowledgeLimit`.
    ///   - completion: called once, on the loop.
    public func acknowledge(
        _ partition: Partition, epoch: Int64, from old: StreamID, to cursor: StreamID, entries: Int,
        leaving: some Collection<Leaving>, completion: @escaping (Result<Void, InventoryError>) -> Void
    ) {
        precondition(leaving.count <= Self.acknowledgeLimit, "more than a call takes")
        var call = RedisFunctionCall(functions.acknowledge, keyCount: 2, argumentCount: 5)
        call.append(keys.meta(partition))
        call.append(keys.outbox(partition))
        call.append(String(epoch))
        call.append(old.description)
        call.append(cursor.description)
        call.append(String(entries))
        var bookings: [UInt8] = []
        bookings.reserveCapacity(23 * leaving.count)
        for one in leaving {
            bookings.append(one.booking.uuid)
            bookings.append(one.version, width: 3)
            bookings.append(one.milliseconds, width: 4)
        }
        call.append(bookings)
        connection.call(call) { result in completion(result.map { _ in }.mapError { InventoryError($0) }) }
    }

    /// How many outbox entries of all partitions are not persisted, as far as Redis was told.
    public func backlog() async throws(InventoryError) -> Int {
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
    /// How old the oldest outbox entry is that is not persisted, milliseconds; 0 when all are.
    public func oldestUnwritten() async throws(InventoryError) -> Int64 {
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
