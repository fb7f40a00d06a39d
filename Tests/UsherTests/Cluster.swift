import Glibc
import Support
import Synchronization

/// Real stores, and copies of `usher serve` and `usher reconcile` as separate processes that tests can kill.
final class Cluster: Sendable {
    let redis: RedisServerProcess
    let postgres: PostgresServerProcess
    let ports: [UInt16]
    private let environment: [String: String]
    private let accounts: Accounts?
    private let copies = Mutex<[String: Program]>([:])

    static let binary = UsherProgram.path

    /// Starts both stores, `serve` copies and one reconciler, and waits until all are ready.
    ///
    /// - Parameters:
    ///   - environment: additional settings.
    ///   - accounts: the accounts that both processes use, with least privilege.
    init(copies count: Int = 2, environment: [String: String] = [:], accounts: Accounts? = nil) throws {
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        options.appendFsync = "always"
        if let accounts { options.extraArguments = ["--aclfile", accounts.redisUsers] }
        redis = try RedisServerProcess(options)
        var postgresOptions = PostgresServerProcess.Options()
        if let accounts { postgresOptions.settings = ["hba_file=\(accounts.postgresRules)"] }
        postgres = try PostgresServerProcess(postgresOptions)
        self.accounts = accounts
        ports = try (0..<count).map { _ in try freePort() }
        self.environment = [
            "REDIS_URL": redis.url, "DATABASE_URL": postgres.url, "USHER_LOOPS": "1", "USHER_PARTITIONS": "8",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256", "USHER_RATE_LIMIT": "off",
            "USHER_REGISTRATION_LIMIT": "off", "USHER_DECLINE_LIMIT": "off",
            "USHER_ADDRESS_CONNECTIONS": "off", "USHER_ADDRESS_STREAMS": "off",
            "USHER_PAYMENT_GATEWAY": "simulated",
        ].merging(environment) { $1 }
        if accounts != nil {
            let made = try run("migrate", "--roles")
            guard made.code == 0 else { throw SupportError("no accounts: \(made.said)") }
        }
        try startReconciler("reconcile")
        for index in 0..<count { try startServer(index) }
        try waitUntilReady()
    }

    /// Starts a reconciler under a name.
    func startReconciler(_ name: String) throws {
        let program = try Program(Self.binary, ["reconcile"], environment: own("reconcile"))
        copies.withLock { $0[name] = program }
    }

    /// Starts the copy of the API with this index.
    ///
    /// - Parameter more: settings of this copy only.
    func startServer(_ index: Int, _ more: [String: String] = [:]) throws {
        let own = own("serve").merging([
            "PORT": "\(ports[index])",
            // The reconciler uses the port from the shared settings.
            "USHER_METRICS_PORT": environment["SERVE_METRICS_PORT"] ?? "0",
        ]) { $1 }.merging(more) { $1 }
        let program = try Program(Self.binary, ["serve"], environment: own)
        copies.withLock { $0["serve-\(index)"] = program }
    }

    /// The settings of a process, with its account if it has one.
    private func own(_ role: String) -> [String: String] {
        accounts == nil ? environment : environment.merging(Accounts.environment(role, redis, postgres)) { $1 }
    }

    /// Kills a copy with SIGKILL.
    func kill(_ name: String) {
        copies.withLock { $0.removeValue(forKey: name) }?.kill()
    }

    /// Ends a copy with SIGTERM and returns its exit code.
    func stop(_ name: String) -> Int32 {
        let program = copies.withLock { $0.removeValue(forKey: name) }
        program?.signal(SIGTERM)
        return program?.wait() ?? -1
    }

    /// A running copy.
    func copy(_ name: String) -> Program? { copies.withLock { $0[name] } }

    /// Runs a command on the cluster's stores to completion.
    func run(_ words: String...) throws -> (said: String, code: Int32) {
        let passwords = accounts == nil ? [:] : Accounts.passwords
        let program = try Program(Self.binary, words, environment: environment.merging(passwords) { $1 })
        return (program.readToEnd(), program.wait())
    }

    /// Waits until every copy of the API is ready; throws after 30 s.
    func waitUntilReady() throws {
        for port in ports {
            try eventually("a copy is ready") {
                (try? HTTPClient(port: port).send("GET", "/readyz"))?.status == 200
            }
        }
    }

    /// A signed token.
    func token(_ user: String, role: String = "customer") throws -> String {
        try UsherProgram.token(user, role: role, environment: environment)
    }

    /// Creates and publishes an event with one tier.
    func makeEvent(capacity: Int, holdSeconds: Int = 600, _ more: String = "") throws -> (id: String, tier: String) {
        let body = """
            {"title":"Test","startsAt":"2099-01-01T20:00:00.000Z","currency":"USD","publish":true,
             "holdSeconds":\(holdSeconds),"maxTicketsPerUser":null\(more),
             "tiers":[{"name":"Standing","kind":"general","unitAmount":1000,"capacity":\(capacity)}]}
            """
        let answer = try HTTPClient(port: ports[0]).send(
            "POST", "/v1/events", headers: bearer(try token("admin", role: "admin")), body: body)
        guard let id = answer.json["id"] as? String, let tiers = answer.json["tiers"] as? [[String: Any]],
            let tier = tiers.first?["id"] as? String
        else { throw SupportError("no event: \(answer.status) \(answer.text)") }
        return (id, tier)
    }
}
