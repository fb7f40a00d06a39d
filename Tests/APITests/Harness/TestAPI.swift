import API
import BoxOffice
import Cryptography
import Foundation
import HTTP
import Loops
import Payments
import PostgresClient
import Reconciliation
import Records
import RedisClient
import SeatInventory
import Settlement
import Support
import Testing

/// One server and one reconciler in this process, on their own Redis and their own database, each with its
/// least-privileged account.
final class TestAPI: Sendable {
    /// Options of the server and the reconciler.
    struct Options: Sendable {
        var persistWait = Duration.seconds(10)
        var redisIsDurable = true
        var requiresIdempotencyKey = false
        var simulation = SimulatedGateway.Behaviour.silent
        /// Whether the reconciler settles payments with the provider, refunds included.
        var settles = false
        var corsOrigins: [String] = []
        var allowsAnonymousReserve = false
        var allowsUnpaidTickets = false
        var redisArguments: [String] = []
        /// Whether it has its own PostgreSQL server, which a test may stop.
        var ownsPostgres = false
        /// Unpersisted entries at which claims are refused.
        var outboxLimit = 1_000_000
        /// How long Redis may take to answer.
        var redisPatience = Duration.seconds(2)
        /// Claims that a loop works on at a time.
        var inFlightLimit = 256
        /// How many requests a principal or address may send.
        var rateLimits: RateLimits?
        /// Most waits of the process.
        var waitLimit = 1000
        var settlement = SettlementTimes()
        /// Whether to run a second server that takes no fast paths.
        var addsStrict = false
    }

    static let partitions = 4
    static let secret = Array("a secret for tests, 32 bytes or more".utf8)
    static let signature = WebhookSignature(secrets: ["whsec_" + base64Encode(Array("the provider's".utf8))])
    @TaskLocal static var running: TestAPI?

    let redisServer: RedisServerProcess
    let postgresServer: PostgresServerProcess
    let port: UInt16
    /// The port of the server that takes no fast paths, if there is one.
    let strictPort: UInt16?
    /// The URL of the database, for its owner.
    let databaseURL: String
    private let simulation: SimulatedGateway.Behaviour
    private let settlement: SettlementTimes?
    private let reconcilersPostgres: PostgresConfiguration
    private let loop: EventLoop
    private let parts: Parts

    // SAFETY of @unchecked: accessed in its loop's isolation only.
    private final class Parts: @unchecked Sendable {
        var server: APIServer?
        var strict: APIServer?
        var reconciler: Reconciler?
        var connection: RedisConnection?
        var inventory: Inventory?
        var pool: PostgresPool?
        var reconcilersStores: (connection: RedisConnection, pool: PostgresPool)?
    }

    private static let password = "a password for tests"

    private static func redis(_ server: RedisServerProcess, _ role: RedisRole) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: server.url)
        configuration.user = role.rawValue
        configuration.password = password
        return configuration
    }

    /// The instance that the suite's trait started.
    static var current: TestAPI { get throws { try #require(running) } }

    init(_ options: Options) async throws {
        var redisOptions = RedisServerProcess.Options()
        redisOptions.appendOnly = true
        redisOptions.extraArguments = options.redisArguments
        redisOptions.users = RedisRole.allCases.map { ($0.rawValue, $0.rules(password: Self.password)) }
        let redisServer = try RedisServerProcess(redisOptions)
        let postgresServer = try options.ownsPostgres ? PostgresServerProcess() : TestServers.postgres
        let name = "api_\(UInt32.random(in: .min ... .max))"
        databaseURL = try postgresServer.createDatabase(name)
        let administrator = PostgresConfiguration(uri: databaseURL)
        try postgresServer.ensureRoles(DatabaseRole.allCases.map(\.rawValue))
        let postgres = PostgresConfiguration(
            uri: postgresServer.url(database: name, role: DatabaseRole.serve.rawValue))
        reconcilersPostgres = PostgresConfiguration(
            uri: postgresServer.url(database: name, role: DatabaseRole.reconcile.rawValue))
        var patient = try Self.redis(redisServer, .serve)
        patient.commandTimeout = options.redisPatience
        let redis = patient
        let loop = try EventLoop(name: "test-api")
        let parts = Parts()
        var configuration = APIConfiguration(
            secret: Self.secret, apiKeys: [("box-office", "box-office-key-of-tests")], persistWait: options.persistWait,
            requiresIdempotencyKey: options.requiresIdempotencyKey, redisIsDurable: options.redisIsDurable,
            simulation: options.simulation)
        configuration.webhookSignature = Self.signature
        configuration.corsOrigins = options.corsOrigins
        configuration.allowsAnonymousReserve = options.allowsAnonymousReserve
        configuration.allowsUnpaidTickets = options.allowsUnpaidTickets
        configuration.outboxLimit = options.outboxLimit
        configuration.inFlightLimit = options.inFlightLimit
        configuration.rateLimits = options.rateLimits
        configuration.waits = WaitAllowance(options.waitLimit)
        let final = configuration
        port = UInt16(
            try await loop.run { loop in
                let pool = PostgresPool(loop: loop, configuration: administrator)
                _ = try await Migrator(migrations: Schema.migrations).up(on: pool)
                _ = try await Partitions(pool: pool).ensure(count: Self.partitions)
                try await DatabaseRoles(pool: pool).grant()
                let connection = RedisConnection(
                    loop: loop, configuration: try RedisConfiguration(url: redisServer.url))
                try connection.start()
                parts.pool = pool
                parts.connection = connection
                parts.inventory = Inventory(
                    loop: loop, connection: connection, keys: KeySpace(partitions: Self.partitions), channel: "")
                let server = try APIServer(
                    loop: loop, configuration: final, redis: redis, postgres: postgres, partitions: Self.partitions,
                    copy: "test")
                parts.server = server
                return try server.listen(host: "127.0.0.1", port: 0)
            })
        strictPort =
            try options.addsStrict
            ? await loop.run { loop in
                var strict = final
                strict.isStrict = true
                let server = try APIServer(
                    loop: loop, configuration: strict, redis: redis, postgres: postgres, partitions: Self.partitions,
                    copy: "strict")
                parts.strict = server
                return UInt16(try server.listen(host: "127.0.0.1", port: 0))
            } : nil
        self.redisServer = redisServer
        self.postgresServer = postgresServer
        self.loop = loop
        self.parts = parts
        simulation = options.simulation
        settlement = options.settles ? options.settlement : nil
        await startReconciler()
        try await untilReady()
    }

    /// Waits until the server can book.
    func untilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while await !loop.run({ _ in await parts.server?.isReady() ?? false }) {
            guard ContinuousClock.now < deadline else { throw SupportError("the server did not get ready") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Every route of the server, as `GET /v1/events`.
    func routes() async -> [String] {
        await loop.run { _ in parts.server?.routes.map { "\($0.method) \($0.path)" } ?? [] }
    }

    /// The policy of each route, by `GET /v1/events`.
    func policies() async -> [String: RoutePolicy] {
        await loop.run { _ in
            var policies: [String: RoutePolicy] = [:]
            for (method, path) in parts.server?.routes ?? [] {
                guard let known = HTTPMethod(rawValue: method) else { continue }
                policies["\(method) \(path)"] = parts.server?.policy(of: known, path)
            }
            return policies
        }
    }

    /// Starts persisting outboxes.
    func startReconciler() async {
        await loop.run { loop in
            guard let configuration = try? Self.redis(redisServer, .reconcile) else { return }
            let connection = RedisConnection(loop: loop, configuration: configuration)
            try? connection.start()
            let pool = PostgresPool(loop: loop, configuration: reconcilersPostgres)
            let inventory = Inventory(
                loop: loop, connection: connection, keys: KeySpace(partitions: Self.partitions), channel: "")
            parts.reconcilersStores = (connection, pool)
            let gateway = SimulatedGateway(loop: loop, inventory: inventory, behaviour: simulation)
            let reconciler = Reconciler(
                loop: loop, inventory: inventory, pool: pool, owner: UUID().uuidString,
                gateway: settlement == nil ? nil : gateway, settlement: settlement ?? SettlementTimes())
            parts.reconciler = reconciler
            loop.spawn { await reconciler.run() }
        }
    }

    /// Stops persisting, and expiring holds.
    func stopReconciler() async {
        await loop.run { _ in
            await parts.reconciler?.stop()
            parts.reconciler = nil
            parts.reconcilersStores?.connection.close()
            parts.reconcilersStores?.pool.close()
            parts.reconcilersStores = nil
        }
    }

    func stop() async {
        await stopReconciler()
        await loop.run { _ in
            await parts.server?.drain(within: .seconds(1))
            await parts.strict?.drain(within: .seconds(1))
            parts.server = nil
            parts.strict = nil
            parts.connection?.close()
            parts.pool?.close()
            parts.connection = nil
            parts.inventory = nil
            parts.pool = nil
        }
        loop.stop()
        redisServer.kill()
        if postgresServer !== (try? TestServers.postgres) { postgresServer.kill() }
    }

    /// Sends a command to Redis directly.
    @discardableResult
    func redis(_ command: String...) async throws -> RedisValue {
        try await loop.run { _ in try #require(try await parts.inventory?.command(command)) }
    }

    /// Sends a command whose arguments need not be text.
    @discardableResult
    func redis(bytes arguments: [UInt8]...) async throws -> RedisValue {
        var command = RedisCommand(argumentCount: arguments.count)
        for argument in arguments { command.append(argument) }
        let sent = command
        return try await loop.run { _ in try #require(try await parts.connection?.send(sent)) }
    }

    /// The key of a booking's record in Redis.
    func recordKey(_ booking: String) throws -> [UInt8] {
        KeySpace(partitions: Partition.maximumCount).booking(BookingID(stored: try #require(UUIDBytes(booking))))
    }

    /// Claims a unit in Redis directly, for a user id as stores may have one from before the rules.
    ///
    /// - Returns: the booking's id.
    func claim(_ event: TestEvent, asStored user: UserID) async throws -> String {
        let event = try (id: #require(EventID(event.id)), tier: #require(TierID(event.tier)))
        let outcome = try await loop.run { _ in
            let inventory = try #require(parts.inventory)
            let booking = BookingID(
                partition: inventory.keys.partition(of: event.id),
                milliseconds: Int64(Date().timeIntervalSince1970 * 1000), random: .random(in: .min ... .max))
            let claim = ClaimRequest(
                booking: booking, event: event.id, user: user, items: [.units(event.tier, 1)], idempotency: nil,
                answersLater: false, traceparent: "")
            return (booking, try await inventory.claim(claim))
        }
        guard case .held(let image, _) = outcome.1 else { throw SupportError("the claim was refused") }
        #expect(image.user == user)
        return outcome.0.description
    }

    /// Removes a booking from Redis, as its expiry there does.
    func forget(_ booking: String) async throws {
        let forgotten = try await redis(bytes: Array("DEL".utf8), recordKey(booking))
        #expect(forgotten.integer == 1)
    }

    /// Changes PostgreSQL directly.
    func execute(_ sql: String) async throws {
        try await loop.run { _ in
            _ = try await parts.pool?.query(PostgresStatement(sql, isPrepared: false))
        }
    }

    /// Reads a count from PostgreSQL directly.
    func count(_ sql: String) async throws -> Int64 {
        try await loop.run { _ in try #require(try await parts.pool?.query(sql).first?.integer("count")) }
    }
}

/// Runs a suite on its own `TestAPI`.
struct APITrait: SuiteTrait, TestScoping {
    let options: TestAPI.Options

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let api = try await TestAPI(options)
        do {
            try await TestAPI.$running.withValue(api, operation: function)
        } catch {
            await api.stop()
            throw error
        }
        await api.stop()
    }
}

extension Trait where Self == APITrait {
    /// A server and its stores for the suite.
    static func api(_ change: (inout TestAPI.Options) -> Void = { _ in }) -> APITrait {
        var options = TestAPI.Options()
        change(&options)
        return APITrait(options: options)
    }
}

extension SimulatedGateway.Behaviour {
    /// Never calls back.
    static let silent = {
        var behaviour = SimulatedGateway.Behaviour()
        behaviour.callback = nil
        return behaviour
    }()
}
