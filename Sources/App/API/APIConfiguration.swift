package import Accounts
package import HTTP
package import Loops
package import Payments
package import SeatInventory
import Settlement

/// Settings of the API.
package struct APIConfiguration: Sendable {
    /// HS256 secret of our own tokens, 32 bytes or more.
    package var secret: [UInt8]
    /// Service callers.
    package var apiKeys: [(name: String, key: String)]
    /// How long a confirming call waits until its change is persisted.
    package var persistWait: Duration
    /// Whether POSTs without an idempotency key are refused.
    package var requiresIdempotencyKey: Bool
    /// Whether Redis runs `appendfsync always`, so that an attempt it recorded survives without PostgreSQL.
    package var redisIsDurable: Bool
    /// Makes a loop's connection to the payment provider; the simulated provider by default.
    package var gateway: @Sendable (EventLoop, Inventory) -> any PaymentGateway
    /// Signs and verifies callbacks. Without it only callbacks of the simulated provider in the same process are
    /// accepted.
    package var webhookSignature: WebhookSignature?
    /// Origins whose pages may call, as browsers send them (`https://shop.example`).
    package var corsOrigins: [String] = []
    /// Whether `POST /api/bookings/reserve` requires no API key.
    package var allowsAnonymousReserve = false
    /// Whether the drop-in routes confirm tickets that have a price without a payment, for every caller that may use
    /// them.
    package var allowsUnpaidTickets = false
    /// Number of unpersisted outbox entries at which new claims are refused.
    package var outboxLimit = 1_000_000
    /// How many claims, and how many other requests, one loop works on at a time; more are refused. The default is four
    /// full groups: Redis receives the next operations before it is done with the last, and none waits for more than a
    /// few groups.
    package var inFlightLimit = 256
    /// Limit of client connections per loop, so that descriptors remain for the stores' connections; more are closed at
    /// once.
    package var connectionLimit = Int.max
    /// Connections by client address in this process; one object shared by all of its loops.
    package var clients = ClientLedger()
    /// Whether the API's port serves `/metrics`; false if metrics have a port of their own.
    package var hasMetrics = true
    /// How many requests a principal or an address may send; nil for no limit.
    package var rateLimits: RateLimits?
    /// The proxies whose forwarding headers are trusted; nil if the connection's peer is the client.
    package var trustedProxies: TrustedProxies?
    /// Waits of this process; one object shared by all of its loops.
    package var waits = WaitAllowance()
    /// Recent bookings of this process; one object shared by all of its loops.
    package var recent = RecentBookings()
    /// Public data of a demonstration; `nil` outside of one.
    package var demonstration: Demonstration?
    /// Whether every request takes the slow path that unusual requests take: for the test that compares both paths.
    package var isStrict = false
    /// Accounts and external token issuers.
    package var accounts = AccountsConfiguration()

    package init(
        secret: [UInt8], apiKeys: [(name: String, key: String)], persistWait: Duration,
        requiresIdempotencyKey: Bool, redisIsDurable: Bool,
        simulation: SimulatedGateway.Behaviour = SimulatedGateway.Behaviour()
    ) {
        self.secret = secret
        self.apiKeys = apiKeys
        self.persistWait = persistWait
        self.requiresIdempotencyKey = requiresIdempotencyKey
        self.redisIsDurable = redisIsDurable
        gateway = { loop, inventory in SimulatedGateway(loop: loop, inventory: inventory, behaviour: simulation) }
    }
}
