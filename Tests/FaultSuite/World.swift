import Foundation
import Glibc
import Support
import Synchronization

/// Real stores, a replica, a payment provider, and two copies each of `usher serve` and of `usher reconcile`, each in
/// its own process, with a proxy on every connection between them.
final class World: Sendable {
    static let servers = ["serve-0", "serve-1"]
    static let reconcilers = ["reconcile-0", "reconcile-1"]
    static let copies = servers + reconcilers

    let redis: RedisPair
    let postgres: PostgresServerProcess
    let provider: Provider
    /// Proxies by caller and server, such as `serve-0>redis`.
    let links: [String: FaultProxy]
    /// The environment of Usher's programs.
    let environment: [String: String]
    private let ports: [String: UInt16]
    private let running = Mutex<[String: Program]>([:])
    /// Copies that a fault keeps stopped, and the clocks of those started with a false clock.
    private let held = Mutex<Set<String>>([])
    private let clocks = Mutex<[String: FalseClock]>([:])
    /// Copies that exited by a signal that this suite did not send.
    private let crashes = Mutex<[String]>([])

    /// - Parameters:
    /// - bug: the bug planted in every copy.
    /// - diskMegabytes: the size of each Redis's disk.
    init(seed: UInt64, bug: String?, diskMegabytes: Int) throws {
        redis = try RedisPair(seed: seed, diskMegabytes: diskMegabytes)
        var options = PostgresServerProcess.Options()
        // The cluster is on a real disk; killing its processes loses nothing that they wrote.
        options.settings = ["max_connections=60"]
        postgres = try PostgresServerProcess(options)
        let ports = [String: UInt16](
            uniqueKeysWithValues: zip(Self.servers, try Self.servers.map { _ in try freePort() }))
        self.ports = ports
        var links = ["replica>primary": redis.link]
        for (name, port) in ports { links["customers>\(name)"] = try FaultProxy(target: port, seed: seed) }
        let callback = try FaultProxy(target: ports["serve-0"] ?? 0, seed: seed)
        links["provider>serve-0"] = callback
        provider = try Provider(callbackPort: callback.port, seed: seed)
        for name in Self.copies {
            links["\(name)>redis"] = try FaultProxy(target: redis.port, seed: seed)
            links["\(name)>postgres"] = try FaultProxy(target: postgres.port, seed: seed)
            links["\(name)>provider"] = try FaultProxy(target: provider.port, seed: seed)
        }
        self.links = links
        var environment = [
            "USHER_LOOPS": "1", "USHER_PARTITIONS": "4", "USHER_RATE_LIMIT": "off", "USHER_DECLINE_LIMIT": "off",
            "USHER_ADDRESS_CONNECTIONS": "off",
            "USHER_LOG": "warning",
            "USHER_JWT_SECRET": "a secret for tests, long enough for HS256",
            "USHER_WEBHOOK_SECRETS": Provider.secret,
        ]
        environment["USHER_PLANTED_BUG"] = bug
        self.environment = environment
        // A first replica changes Redis's replication id, which costs a recovery.
        try redis.follow()
        for name in Self.copies { try startCopy(name) }
        try waitUntilReady()
    }

    // MARK: - Copies

    /// Starts a copy, with a false clock if one is given; does nothing while it runs.
    func startCopy(_ name: String, clock: FalseClock? = nil) throws {
        held.withLock { _ = $0.remove(name) }
        if running.withLock({ $0[name]?.isRunning ?? false }) { return }
        let command = String(name.prefix { $0 != "-" })
        var own = environment
        own["PORT"] = ports[name].map { "\($0)" }
        own["REDIS_URL"] = "redis://127.0.0.1:\(port(of: "\(name)>redis"))"
        own["DATABASE_URL"] = "postgresql://postgres@127.0.0.1:\(port(of: "\(name)>postgres"))/postgres"
        own["USHER_PAYMENT_GATEWAY"] = "http://127.0.0.1:\(port(of: "\(name)>provider"))"
        own.merge(clock?.environment ?? [:]) { $1 }
        let program = try Program(UsherProgram.path, [command], environment: own)
        running.withLock { $0[name] = program }
        clocks.withLock { $0[name] = clock }
    }

    /// Kills a copy with SIGKILL; it stays down until `startCopy`.
    func killCopy(_ name: String) {
        held.withLock { _ = $0.insert(name) }
        running.withLock { $0.removeValue(forKey: name) }?.kill()
    }

    func signalCopy(_ name: String, _ signal: Int32) { running.withLock { $0[name] }?.signal(signal) }

    /// Restarts copies that exited by themselves, as a service supervisor does. An exit by a signal is added to
    /// `crashed`.
    func reviveCopies() throws {
        for name in Self.copies where !held.withLock({ $0.contains(name) }) {
            guard let program = running.withLock({ $0[name] }), !program.isRunning else { continue }
            if program.wait() >= 128 {
                let end = program.output.suffix(600)
                crashes.withLock { $0.append("\(name) ended with \(program.wait()): \(end)") }
            }
            try startCopy(name)
        }
    }

    /// The process id of a copy, while it runs.
    func processID(of name: String) -> pid_t? { running.withLock { $0[name] }?.processID }

    /// Copies that crashed.
    var crashed: [String] { crashes.withLock { $0 } }

    /// A copy's output, for debugging.
    func output(of name: String) -> String { running.withLock { $0[name] }?.output ?? "" }

    // MARK: - Healing

    /// Undoes every fault, whatever state it left.
    func heal() throws {
        for link in links.values { link.heal() }
        for name in Self.copies { signalCopy(name, SIGCONT) }
        postgres.resume()
        try postgres.start()
        try redis.heal()
        for name in Self.copies {
            setRedis(of: name, port: redis.port)
            // Restart with the right time.
            if clocks.withLock({ $0[name] }) != nil { killCopy(name) }
            try startCopy(name)
        }
        try reviveCopies()
    }

    /// Points a copy at a Redis from now on.
    func setRedis(of copy: String, port: UInt16) {
        guard let link = links["\(copy)>redis"] else { return }
        if link.retarget(port) { link.cut() }
    }

    /// Waits until both copies of the API can book; throws after a minute.
    func waitUntilReady() throws {
        for name in Self.servers {
            try eventually("\(name) is ready: \(output(of: name).suffix(300))", within: .seconds(60)) {
                try reviveCopies()
                return (try? customer(of: name).send("GET", "/readyz"))?.status == 200
            }
        }
    }

    /// A customer's connection to a copy of the API.
    func customer(of name: String, patienceSeconds: Int = 5) -> HTTPClient {
        HTTPClient(port: port(of: "customers>\(name)"), patienceSeconds: patienceSeconds)
    }

    private func port(of link: String) -> UInt16 { links[link]?.port ?? 0 }

    /// A token that is also valid by clocks that are an hour wrong.
    func token(_ user: String, role: String = "customer") throws -> String {
        let clock = try FalseClock()
        try clock.set(seconds: -7200)
        return try UsherProgram.token(
            user, role: role, seconds: 172_800, environment: environment.merging(clock.environment) { $1 })
    }
}

extension World {
    /// Saves the output of the copies for debugging, and returns where.
    func keepOutput(_ seed: UInt64) throws -> String {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("usher-faults-\(seed)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for name in Self.copies {
            try output(of: name).write(
                to: directory.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        return directory.path
    }

    /// The violations that `usher verify` reports.
    func verify() throws -> [String] {
        let program = try Program(
            UsherProgram.path, ["verify"],
            environment: environment.merging(["REDIS_URL": redis.primary.url, "DATABASE_URL": postgres.url]) { $1 })
        let said = program.readToEnd()
        return program.wait() == 0 ? [] : ["I6 usher verify: \(said.suffix(500))"]
    }
}
