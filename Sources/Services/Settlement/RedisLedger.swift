package import BoxOffice
package import Payments
import RedisClient
package import SeatInventory

/// The simulated provider's ledger in Redis: shared by `serve` and `reconcile`, and available while PostgreSQL is not.
package final class RedisLedger: SimulatedLedger {
    private let inventory: Inventory

    /// Milliseconds: 30 days, as long as ids of callbacks are stored.
    private static let lifetime = "2592000000"

    /// Uses the Redis of an inventory.
    package init(_ inventory: Inventory) { self.inventory = inventory }

    /// Stores a charge, unless its key already has one.
    package func record(_ charge: SimulatedCharge, key: PaymentID) async -> SimulatedCharge? {
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

    /// Returns the charge of a key.
    package func charge(key: PaymentID) async throws -> SimulatedCharge? {
        try await inventory.command(["GET", inventory.keys.simulatedCharge(key)]).string
            .flatMap { SimulatedCharge(text: $0) }
    }

    /// Stores a refund.
    package func refund(key: PaymentID, from: Int64, to: Int64) async throws {
        let refunds = inventory.keys.simulatedRefunds(key)
        _ = try await inventory.pipeline([
            ["HSETNX", refunds, String(to), String(to - from)], ["PEXPIRE", refunds, Self.lifetime],
        ])
    }
}
