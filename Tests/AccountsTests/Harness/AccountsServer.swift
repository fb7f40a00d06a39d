import API
import Accounts
import Foundation
import HTTP
import Loops
import PostgresClient
import Records
import RedisClient
import Support
import Testing

/// The API in this process, with its own Redis and its own database.
final class AccountsServer: Sendable {
    static let secret = Array("a secret for tests, 32 bytes or more".utf8)
    @TaskLocal static var running: AccountsServer?
    /// The server that the suite's trait started.
    static var current: AccountsServer { get throws { try #require(running) } }

    let redis: RedisServerProcess
    let hasher: PasswordHasher
    let port: UInt16
    let postgres: PostgresConfiguration
    private let database: String
    private let loop: EventLoop
    private let holder: Holder

    // SAFETY of @unchecked: touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var server: APIServer?
    }

    /// - Parameter trustsLoopback: whether clients may set a forwarded address.
    init(_ accounts: AccountsConfiguration, trustsLoopback: Bool = false) async throws {
        let redis = try RedisServerProcess()
        let database = "accounts_\(UInt32.random(in: .min ... .max))"
        let postgres = PostgresConfiguration(uri: try TestServers.postgres.createDatabase(database))
        var redisConfiguration = try RedisConfiguration(url: redis.url)
        redisConfiguration.maximumBackoff = .milliseconds(100)
        let finalRedis = redisConfiguration
        let loop = try EventLoop(name: "test-accounts")
        let holder = Holder()
        var configuration = APIConfiguration(
            secret: Self.secret, apiKeys: [("box-office", "box-office-key-of-tests")], persistWait: .seconds(1),
            requiresIdempotencyKey: false, redisIsDurable: true)
        configuration.accounts = accounts
        if trustsLoopback { configuration.trustedProxies = AddressRange("127.0.0.0/8").map { TrustedProxies([$0]) } }
        let finalConfiguration = configuration
        port = UInt16(
            try await loop.run { loop in
                let pool = PostgresPool(loop: loop, configuration: postgres)
                defer { pool.close() }
                _ = try await Migrator(migrations: Schema.migrations).up(on: pool)
                let server = try APIServer(
                    loop: loop, configuration: finalConfiguration, redis: finalRedis, postgres: postgres,
                    partitions: 4, copy: database)
                holder.server = server
                return try server.listen(host: "127.0.0.1", port: 0)
            })
        self.redis = redis
        self.postgres = postgres
        self.database = database
        self.loop = loop
        self.holder = holder
        hasher = accounts.hasher
    }

    func stop() async {
        await loop.run { _ in
            await holder.server?.drain(within: .seconds(1))
            holder.server = nil
        }
        loop.stop()
        redis.kill()
    }

    /// Sends a request on a new connection.
    func send(
        _ method: String, _ path: String, token: String? = nil, headers: [(String, String)] = [],
        _ body: [String: Any]? = nil
    ) throws -> HTTPClient.Answer {
        let text = try body.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
        return try HTTPClient(port: port).send(
            method, path, headers: headers + (token.map(Self.bearer) ?? []), body: text)
    }

    /// Sends a POST with an unencoded body.
    func post(_ path: String, text: String) throws -> HTTPClient.Answer {
        try HTTPClient(port: port).send("POST", path, body: text)
    }

    static func bearer(_ token: String) -> [(String, String)] { [("Authorization", "Bearer \(token)")] }

    func query(_ sql: String) throws { try TestServers.postgres.query(sql, database: database) }
    func rows(_ sql: String) throws -> [String] { try TestServers.postgres.rows(sql, database: database) }
}

/// Runs a suite with its own `AccountsServer`.
struct AccountsServerTrait: SuiteTrait, TestScoping {
    let configuration: @Sendable () async throws -> AccountsConfiguration
    let trustsLoopback: Bool

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let server = try await AccountsServer(configuration(), trustsLoopback: trustsLoopback)
        do {
            try await AccountsServer.$running.withValue(server, operation: function)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }
}

extension Trait where Self == AccountsServerTrait {
    /// Starts a server and its stores for the suite.
    static func accounts(
        _ configuration: @escaping @Sendable () async throws -> AccountsConfiguration = { AccountsConfiguration() },
        trustsLoopback: Bool = false
    ) -> AccountsServerTrait {
        AccountsServerTrait(configuration: configuration, trustsLoopback: trustsLoopback)
    }
}

/// The tokens of a login.
struct Login {
    let accessToken: String
    let refreshToken: String

    init(_ answer: HTTPClient.Answer) throws {
        accessToken = try #require(answer.json["accessToken"] as? String, "\(answer.text)")
        refreshToken = try #require(answer.json["refreshToken"] as? String)
    }
}

extension AccountsServer {
    static let password = "correct horse 1"

    /// Registers an account.
    @discardableResult
    func register(_ name: String) throws -> Login {
        try Login(
            send(
                "POST", "/v1/auth/register",
                ["email": "\(name)@example.com", "password": Self.password, "name": name]))
    }

    func login(_ email: String, _ password: String = password) throws -> HTTPClient.Answer {
        try send("POST", "/v1/auth/login", ["email": email, "password": password])
    }

    func refresh(_ token: String) throws -> HTTPClient.Answer {
        try send("POST", "/v1/auth/refresh", ["refreshToken": token])
    }
}
