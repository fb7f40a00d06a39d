public import Accounts
public import EventLoop
public import HTTPServer
public import Inventory
public import Payments
import Settlement

/// What the API is told from outside.
public struct APIConfiguration: Sendable {
    /// HS256 secret of our own tokens, 32 bytes or more.
    public var secret: [UInt8]
    /// Service callers.
    public var apiKeys: [(name: String, key: String)]
    /// How long a confirming call waits to be written down.
    public var persistWait: Duration
    /// Whether POSTs without an idempotency key are refused.
    public var requiresIdempotencyKey: Bool
    /// Whether Redis runs `appendfsync always`, so that an attempt it recorded survives without PostgreSQL.
    public var redisIsDurable: Bool
    /// Makes a loop's connection to whoever takes the money; the simulated provider, unless it is another.
    public var gateway: @Sendable (EventLoop, Inventory) -> any PaymentGateway
    /// Signs and checks what providers say by themselves; without it nobody's word is believed but that of the simulated
    /// provider in the same process.
    public var webhookSignature: WebhookSignature?
    /// Origins whose pages may call, as browsers send them (`https://shop.example`).
    public var corsOrigins: [String] = []
    /// Whether `POST /api/bookings/reserve` asks for no API key.
    public var opensReserve = false
    /// Whether the drop-in routes confirm tickets that cost something without a payment, for everybody who may call them.
    public var givesTicketsAway = false
    /// Outbox entries not yet written down at which new claims are refused.
    public var outboxLimit = 1_000_000
    /// Claims, and other requests, of one loop that may be under way at a time; more are refused. Four full groups: Redis
    /// has the next ones before it is done with the last, and none waits for more than a few.
    public var inFlightLimit = 256
    /// Clients' connections of one loop, so that the stores' always find a descriptor; more are closed at once.
    public var connectionLimit = Int.max
    /// What clients have of this copy, by address; the same object for all of its loops.
    public var clients = ClientLedger()
    /// Whether `/metrics` is served with the API; not when it has a port of its own.
    public var hasMetrics = true
    /// How many requests a principal or an address may send; nil: as many as they like.
    public var rateLimits: RateLimits?
    /// The proxies that say whose requests they bring; nil: whoever is connected is the client.
    public var trustedProxies: TrustedProxies?
    /// Waits of this copy; the same object for all of its loops.
    public var waits = WaitAllowance()
    /// What this copy has booked lately; the same object for all of its loops.
    public var recent = RecentBookings()
    /// What everybody may know who tries things out; `nil` outside of a demonstration.
    public var demonstration: Demonstration?
    /// Whether every request is read and answered as unusual ones are: for the test that compares both ways.
    public var isStrict = false
    /// Accounts and outside issuers.
    public var accounts = AccountsConfiguration()

    /// A configuration.
    public init(
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
