import BoxOffice
import Loops
import RedisClient
import SeatInventory
import Support
import Testing

/// An open partition with one event of one tier on sale, on its own Redis, with the operations of customers. Confined
/// to one loop.
final class OpenEvent {
    static let keys = KeySpace(partitions: 4)
    static let tier = TierID(UUIDBytes(high: 7, low: 7))
    static let event = EventID(UUIDBytes(high: 1, low: 1))

    let inventory: Inventory
    let connection: RedisConnection
    private let redis: RedisServerProcess

    private init(_ inventory: Inventory, _ connection: RedisConnection, _ redis: RedisServerProcess) {
        (self.inventory, self.connection, self.redis) = (inventory, connection, redis)
    }

    /// Runs `body` on a new loop.
    ///
    /// - Parameters:
    /// - environment: Redis's environment.
    /// - hold: the length of a hold in milliseconds.
    static func with(
        capacity: Int, hold: Int64 = 600_000, maxBookings: Int? = nil, environment: [String: String] = [:],
        _ body: @Sendable (isolated EventLoop, OpenEvent) async throws -> Void
    ) async throws {
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        options.environment = environment
        try await withOwnRedis(options) { loop, connection, redis in
            let inventory = Inventory(loop: loop, connection: connection, keys: keys, channel: "")
            let partition = keys.partition(of: event)
            _ = try await inventory.now()
            _ = try await inventory.close(partition, epoch: 1)
            _ = try await inventory.open(partition, epoch: 1, cursor: .zero)
            let policy = EventPolicy(
                event: event, isCancelled: false, opensAt: nil, closesAt: nil, holdMilliseconds: hold,
                maxTicketsPerUser: 10, maxBookingsPerUser: maxBookings, currency: "USD", clock: 0,
                tiers: [
                    TierCounters(
                        tier: tier, capacity: capacity, available: capacity, held: 0, sold: 0, blocked: 0,
                        unitAmount: 100, kind: .general)
                ])
            let loaded = try await inventory.load(policy, recovering: nil)
            #expect(loaded == .done)
            try await body(loop, OpenEvent(inventory, connection, redis))
        }
    }

    /// Runs `body` with the inventory of another copy.
    ///
    /// - Parameter port: the port of a relay to Redis; by default the copy connects to Redis itself.
    func withAnotherCopy(
        _ loop: isolated EventLoop, through port: UInt16? = nil,
        _ body: (Inventory) async throws -> Void
    ) async throws {
        var configuration = try RedisConfiguration(url: port.map { "redis://127.0.0.1:\($0)" } ?? redis.socketURL)
        configuration.minimumBackoff = .milliseconds(5)
        configuration.maximumBackoff = .milliseconds(20)
        let connection = RedisConnection(loop: loop, configuration: configuration)
        try connection.start()
        defer { connection.close() }
        let inventory = Inventory(loop: loop, connection: connection, keys: Self.keys, channel: "")
        _ = try await inventory.now()
        try await body(inventory)
    }

    /// Redis's port.
    var port: UInt16 { redis.port }

    static func booking(_ number: UInt64) -> BookingID {
        BookingID(partition: keys.partition(of: event), milliseconds: Int64(number), random: number)
    }

    static func request(
        _ number: UInt64, user: UserID = "ann", quantity: Int = 1, key: UInt64? = nil
    ) -> ClaimRequest {
        ClaimRequest(
            booking: booking(number), event: event, user: user, items: [.units(tier, quantity)],
            idempotency: key.map { self.key($0) }, answersLater: false, traceparent: "")
    }

    static func key(_ key: UInt64, fingerprint: UInt64 = 1) -> IdempotentRequest {
        IdempotentRequest(
            digest: Digest128(high: key, low: 1), fingerprint: Digest128(high: fingerprint, low: 2),
            patienceMilliseconds: 1000)
    }

    static func transition(_ number: UInt64, key: UInt64? = nil) -> TransitionRequest {
        TransitionRequest(
            booking: booking(number), user: nil, awaitsAck: false, idempotency: key.map { self.key($0) },
            traceparent: "")
    }

    /// Pays for a hold.
    func confirm(_ number: UInt64, amount: Int64 = 100) async throws {
        let payment = PaymentID(Self.booking(number).uuid)
        _ = try await inventory.beginPayment(Self.transition(number), payment: payment, provider: "p")
        let outcome = try await inventory.confirm(
            Self.transition(number), payment: payment, provider: "p", transactionID: "t-\(number)", amount: amount,
            currency: "USD")
        guard case .done = outcome else {
            Issue.record("not confirmed: \(outcome)")
            return
        }
    }

    /// The tier's counters.
    func counters() async throws -> TierCounters {
        try #require(try await inventory.availability(Self.event)?.tiers.first)
    }

    /// The number of entries in the outbox.
    func entries() async throws -> Int64 {
        let outbox = Self.keys.outbox(Self.keys.partition(of: Self.event))
        return try #require(try await connection.send(RedisCommand("XLEN", outbox)).integer)
    }
}
