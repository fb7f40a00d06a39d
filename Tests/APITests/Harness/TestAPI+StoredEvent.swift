import BoxOffice
import RedisClient
import SeatInventory
import Testing

/// Direct changes of an event in Redis.
extension TestAPI {
    private func eventKey(_ event: String) async throws -> [UInt8] {
        try #require(try await redis("KEYS", "*:e:\(event)").array?.first?.bytes)
    }

    /// Changes the texts of an event's policy, in the order of `EventPolicy.terms`.
    func change(of event: String, _ body: (inout [String]) -> Void) async throws {
        let key = try await eventKey(event)
        let policy = try #require(try await redis(bytes: Array("HGET".utf8), key, Array("p".utf8)).bytes)
        var texts = String(decoding: policy.dropFirst(16), as: UTF8.self)
            .split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        body(&texts)
        try await redis(
            bytes: Array("HSET".utf8), key, Array("p".utf8),
            Array(policy.prefix(16)) + Array(texts.joined(separator: "|").utf8))
    }

    /// Sets the counters of a tier: capacity, available, held, sold, blocked; price and kind stay.
    func set(_ tier: String, of event: String, to counters: [UInt32]) async throws {
        let key = try await eventKey(event)
        let field = Array("t".utf8) + (try #require(UUIDBytes(tier))).bytes
        let known = try #require(try await redis(bytes: Array("HGET".utf8), key, field).bytes)
        let changed = counters.flatMap { counter in (0..<4).map { UInt8(truncatingIfNeeded: counter >> (24 - 8 * $0)) }
        }
        try await redis(bytes: Array("HSET".utf8), key, field, changed + known.dropFirst(changed.count))
    }
}
