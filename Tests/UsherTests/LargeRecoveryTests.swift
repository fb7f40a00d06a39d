import BoxOffice
import Foundation
import Support
import Testing

/// Recovery of an empty Redis from a database with many bookings.
@Suite("A large recovery", .serialized)
struct LargeRecoveryTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `USHER_TEST_BOOKINGS` overrides it.
    private static let bookings = environment["USHER_TEST_BOOKINGS"].flatMap { Int($0) } ?? 20_000
    /// `USHER_TEST_BINARY` overrides it, for example with an optimised build.
    private static let binary = environment["USHER_TEST_BINARY"] ?? Cluster.binary
    private static let partitions = 64

    @Test("opens events on sale first, and ends with stores that agree")
    func onSaleFirst() throws {
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        let redis = try RedisServerProcess(options)
        let postgres = try PostgresServerProcess()
        let port = try freePort()
        let settings = [
            "REDIS_URL": redis.url, "DATABASE_URL": postgres.url, "USHER_LOOPS": "1",
            "USHER_PARTITIONS": "\(Self.partitions)", "USHER_JWT_SECRET": "a secret for tests, long enough for HS256",
            "USHER_RATE_LIMIT": "off", "USHER_PAYMENT_GATEWAY": "simulated", "PORT": "\(port)",
        ]
        func run(_ words: String...) throws -> (said: String, code: Int32) {
            let program = try Program(Self.binary, words, environment: settings)
            return (program.readToEnd(), program.wait())
        }
        #expect(try run("migrate").code == 0)
        let database = try LargeDatabase(Self.bookings, partitions: Self.partitions)
        try postgres.query(database.sql, database: "postgres")
        let token = try run("token", "--sub", "new", "--role", "customer", "--ttl", "3600").said
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let server = try Program(Self.binary, ["serve"], environment: settings)
        let start = ContinuousClock.now
        let reconciler = try Program(Self.binary, ["reconcile"], environment: settings)
        var waiting = database.onSale
        var claims: [Duration] = []
        try eventually("all events on sale take claims", within: .seconds(120)) {
            guard server.isRunning, reconciler.isRunning else {
                throw SupportError("a process ended: \(server.output) \(reconciler.output)")
            }
            waiting.removeAll { (try? HTTPClient(port: port).claim($0, token)) == 201 }
            while claims.count < database.onSale.count - waiting.count { claims.append(.now - start) }
            return waiting.isEmpty
        }
        try eventually("all partitions are open", within: .seconds(120)) {
            (try? HTTPClient(port: port).send("GET", "/readyz"))?.status == 200
        }
        let end = ContinuousClock.now - start
        print(
            "\(Self.bookings) bookings; first claim: \(claims[0]), all \(claims.count) events on sale: "
                + "\(claims.last ?? end), everything: \(end)")
        let verified = try run("verify")
        #expect(verified.code == 0, "\(verified.said)")
        #expect(server.isRunning && reconciler.isRunning)
    }
}

extension HTTPClient {
    /// The status of a claim for one ticket.
    fileprivate func claim(_ event: (id: String, tier: String), _ token: String) throws -> Int {
        try send("POST", "/v1/bookings", headers: bearer(token), body: RaceTests.claim(event)).status
    }
}
