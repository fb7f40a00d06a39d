public import Booking
public import Inventory
public import Payments
import RedisClient

/// The simulated provider's memory in Redis, where `serve` and `reconcile` find it, and paying goes on without
/// PostgreSQL.
public final class RedisLedger: SimulatedLedger {
    private let inventory: Inventory

    /// As long as a callback's id is remembered.
    private static let lifetime = "2592000000"

    /// In the Redis of an inventory.
    public init(_ inventory: Inventory) { self.inventory = inventory }

    /// Remembers a charge, unless its key has one.
    public func record(_ charge: SimulatedCharge, key: PaymentID) async -> SimulatedCharge? {
        var command = RedisCommand(argumentCount: 7)
        command.append("SET")
        command.append(inventory.keys.simulatedCharge(key))
        command.append(charge.text)
        command.append("NX")
        command.append("GET")
        command.append("PX")
        command.append(Self.lifetime)
        guard let reply = try? await inventory.connection.send(command) else { return nil }
        guard let known = reply.string else { return charge }
        return SimulatedCharge(text: known)
    }

    /// What a key has.
    public func charge(key: PaymentID) async throws -> SimulatedCharge? {
        try await inventory.command(["GET", inventory.keys.simulatedCharge(key)]).string
            .flatMap { SimulatedCharge(text: $0) }
    }

    /// Remembers what went back.
    public func refund(key: PaymentID, from: Int64, to: Int64) async throws {
        let refunds = inventory.keys.simulatedRefunds(key)
        _ = try await inventory.pipeline([
            ["HSETNX", refunds, String(to), String(to - from)], ["PEXPIRE", refunds, Self.lifetime],
        ])
    }
}
