import BoxOffice
import Loops
import Payments
import PostgresClient
import Reconciliation
import Records
import RedisClient
import SeatInventory
import Support
import Testing

/// Real stores for one test, with the actions of customers and operators. Lives on one loop.
final class Stage {
    static let partitionCount = 4
    static let channel = Inventory.acknowledgementChannel("stage")

    let loop: EventLoop
    private(set) var redis: RedisServerProcess
    let url: String
    private(set) var connection: RedisConnection
    private(set) var inventory: Inventory
    let pool: PostgresPool
    let partitions: Partitions
    let catalogue: Catalogue
    let bookings: BookingStore
    private let configuration: RedisConfiguration
    private var copies: [(connection: RedisConnection, pool: PostgresPool)] = []
    private var nextBooking: UInt64 = 1

    init(loop: EventLoop, redis: RedisServerProcess, url: String) throws {
        self.loop = loop
        self.redis = redis
        self.url = url
        var configuration = try RedisConfiguration(url: redis.socketURL)
        configuration.minimumBackoff = .milliseconds(5)
        configuration.maximumBackoff = .milliseconds(20)
        self.configuration = configuration
        connection = RedisConnection(loop: loop, configuration: configuration)
        try connection.start()
        inventory = Inventory(
            loop: loop, connection: connection, keys: KeySpace(partitions: Self.partitionCount), channel: Self.channel)
        pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: url))
        partitions = Partitions(pool: pool)
        catalogue = Catalogue(pool: pool)
        bookings = BookingStore(pool: pool)
    }

    /// A reconciler replica on this loop, with its own account in PostgreSQL, that a test steps or runs.
    ///
    /// - Parameters:
    ///   - url: of PostgreSQL, for a connection with its own settings.
    ///   - server: another Redis than the stage's.
    func copy(
        _ owner: String, url: String? = nil, server: RedisServerProcess? = nil, gateway: (any PaymentGateway)? = nil,
        notices: ChangeNotices? = nil
    ) throws -> Reconciler {
        let connection = try connect(server)
        let own = url ?? self.url.replacing("//postgres@", with: "//\(DatabaseRole.reconcile.rawValue)@")
        let pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: own))
        copies.append((connection, pool))
        return Reconciler(
            loop: loop,
            inventory: Inventory(
                loop: loop, connection: connection, keys: KeySpace(partitions: Self.partitionCount), channel: ""),
            pool: pool, owner: owner, gateway: gateway, notices: notices)
    }

    private func connect(_ server: RedisServerProcess?) throws -> RedisConnection {
        var configuration = configuration
        if let server { configuration.endpoint = .unix(path: server.socketPath) }
        let connection = RedisConnection(loop: loop, configuration: configuration)
        try connection.start()
        return connection
    }

    /// Makes customers use another Redis from now on.
    func move(to server: RedisServerProcess) async throws {
        let connection = try connect(server)
        copies.append((connection, pool))
        redis = server
        self.connection = connection
        inventory = Inventory(
            loop: loop, connection: connection, keys: KeySpace(partitions: Self.partitionCount), channel: Self.channel)
        _ = try await inventory.now()
    }

    /// Collects the messages on the channel of this stage.
    func listen() async throws -> Heard {
        let heard = Heard(RedisSubscriber(loop: loop, configuration: configuration))
        heard.subscriber.subscribe(Self.channel) { [unowned heard] in
            heard.messages += String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        try heard.subscriber.start()
        await eventually(loop, "subscribed") { heard.subscriber.isSubscribed }
        return heard
    }

    func close() {
        for copy in copies {
            copy.connection.close()
            copy.pool.close()
        }
        connection.close()
        pool.close()
    }

    // MARK: - Actions of customers

    /// Puts an event with one tier on sale. Before the first recovery pass `isInRedis: false`: PostgreSQL only.
    func event(_ number: UInt64, capacity: Int, hold: Int64 = 600, isInRedis: Bool = true) async throws -> EventID {
        let id = EventID(UUIDBytes(high: 0xe000, low: number))
        let tier = TierRecord(
            id: self.tier(id), name: "Tier", kind: "general", unitAmount: 100, capacity: capacity)
        let record = EventRecord(
            id: id, number: 0, title: "Event \(number)", description: nil, venue: nil, startsAt: 4_000_000_000_000,
            salesOpenAt: nil, status: "draft", currency: "USD", holdSeconds: hold,
            maxTicketsPerUser: nil, maxBookingsPerUser: nil, version: 1, createdAt: 0, updatedAt: 0, tiers: [tier])
        try await catalogue.create(record, partition: inventory.keys.partition(of: id))
        _ = try await catalogue.publish(id)
        guard isInRedis else { return id }
        let step = try await inventory.load(
            try #require(try await catalogue.event(id)).policy(clock: 0, seats: nil), recovering: nil)
        #expect(step == .done)
        return id
    }

    func tier(_ event: EventID) -> TierID { TierID(UUIDBytes(high: 0xf000, low: event.uuid.low)) }

    func request(_ event: EventID, user: UserID = "ann", quantity: Int = 1, trace: String = "") -> ClaimRequest {
        nextBooking += 1
        return ClaimRequest(
            booking: BookingID(
                partition: inventory.keys.partition(of: event), milliseconds: Int64(nextBooking), random: nextBooking),
            event: event, user: user, items: [.units(tier(event), quantity)], idempotency: nil,
            answersLater: false, traceparent: trace)
    }

    /// Makes a hold; a refusal is recorded as an issue.
    func claim(
        _ event: EventID, user: UserID = "ann", quantity: Int = 1, trace: String = ""
    ) async throws -> BookingID {
        let request = request(event, user: user, quantity: quantity, trace: trace)
        let outcome = try await inventory.claim(request)
        guard case .held = outcome else {
            Issue.record("refused: \(outcome)")
            return request.booking
        }
        return request.booking
    }

    /// Makes claims that travel in one group, and so in one outbox entry.
    func claimTogether(_ event: EventID, users: [UserID]) async -> [BookingID] {
        let requests = users.map { request(event, user: $0) }
        var answers = 0
        for request in requests {
            loop.spawn { [self] in
                _ = try? await inventory.claim(request)
                answers += 1
            }
        }
        await eventually(loop, "all are answered") { answers == requests.count }
        return requests.map(\.booking)
    }

    func transition(_ booking: BookingID, trace: String = "") -> TransitionRequest {
        TransitionRequest(booking: booking, user: nil, awaitsAck: true, idempotency: nil, traceparent: trace)
    }

    func cancel(_ booking: BookingID) async throws {
        _ = try await inventory.cancel(transition(booking), reason: "by-owner")
    }

    /// Pays a hold.
    func confirm(_ booking: BookingID) async throws {
        let payment = PaymentID(booking.uuid)
        _ = try await inventory.beginPayment(transition(booking), payment: payment, provider: "p")
        let total = try await inventory.booking(booking)?.image.totalAmount ?? 100
        _ = try await inventory.confirm(
            transition(booking), payment: payment, provider: "p", transactionID: "t-\(booking)", amount: total,
            currency: "USD")
    }
}

/// The lines of a subscription's messages.
final class Heard {
    let subscriber: RedisSubscriber
    var messages: [String] = []
    init(_ subscriber: RedisSubscriber) { self.subscriber = subscriber }
}

/// Runs `body` on its own loop, with its own Redis and database, and partitions that are not open yet.
func withStage(
    _ name: String, appendOnly: Bool = true, appendFsync: String = "everysec", postgres: PostgresServerProcess? = nil,
    _ body: @Sendable (isolated EventLoop, Stage) async throws -> Void
) async throws {
    var options = RedisServerProcess.Options()
    options.appendOnly = appendOnly
    options.appendFsync = appendFsync
    let redis = try RedisServerProcess(options)
    let server = try postgres ?? TestServers.postgres
    let url = try server.createDatabase("reconciler_\(name)")
    try server.ensureRoles(DatabaseRole.allCases.map(\.rawValue))
    let loop = try EventLoop(name: "test")
    defer { loop.stop() }
    try await loop.run { loop in
        let stage = try Stage(loop: loop, redis: redis, url: url)
        defer { stage.close() }
        _ = try await Migrator(migrations: Schema.migrations).up(on: stage.pool)
        _ = try await stage.partitions.ensure(count: Stage.partitionCount)
        try await DatabaseRoles(pool: stage.pool).grant()
        _ = try await stage.inventory.now()
        try await body(loop, stage)
    }
}

/// Waits until a condition is true; records an issue after `time`.
func eventually(
    _ loop: EventLoop, _ what: Comment, within time: Duration = .seconds(30),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: nonisolated(nonsending) () async throws -> Bool
) async rethrows {
    let end = ContinuousClock.now + time
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        await loop.sleep(for: .milliseconds(2))
    }
}
