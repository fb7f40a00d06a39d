import Foundation
package import Glibc
import Synchronization

/// A private PostgreSQL server on the loopback interface and on a unix socket, with a new cluster.
package final class PostgresServerProcess: Sendable {
    package struct Options: Sendable {
        /// Whether commits wait for the disk; off makes tests faster.
        package var fsync = false
        /// Further settings, for example `["max_connections=20"]`.
        package var settings: [String] = []

        package init() {}
    }

    /// The TCP port on 127.0.0.1; a restart keeps it.
    package let port: UInt16
    private let options: Options
    private let directory: ServerDirectory
    private let programs: PostgresPrograms
    private let process = Mutex<ChildProcess?>(nil)

    /// Creates a cluster (user `postgres`, trusted on the loopback interface), starts the server, and waits until it
    /// answers.
    package init(_ options: Options = Options()) throws {
        self.options = options
        self.port = try freePort()
        self.directory = try ServerDirectory(prefix: "pg")
        self.programs = try PostgresPrograms()
        try programs.makeCluster(in: directory.path)
        try start()
    }

    deinit { discard() }

    /// Kills the server and deletes its directory.
    func discard() {
        kill()
        directory.remove()
    }

    /// The URL of the database `postgres`.
    package var url: String { url(database: "postgres") }

    /// The URL of a database.
    package func url(database: String) -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }

    /// The URL of a database for a role without a password.
    package func url(database: String, role: String) -> String { "postgresql://\(role)@127.0.0.1:\(port)/\(database)" }

    /// Creates missing roles, with login.
    package func ensureRoles(_ names: [String]) throws {
        // Roles belong to the whole server: two suites must not create them at once.
        try Self.makingRoles.withLock { _ in
            let known = Set(try rows("SELECT rolname FROM pg_roles"))
            let missing = names.filter { !known.contains($0) }.map { "CREATE ROLE \($0) LOGIN;" }
            if !missing.isEmpty { try query(missing.joined(separator: " "), database: "postgres") }
        }
    }

    private static let makingRoles = Mutex<Void>(())

    /// The directory of the unix socket, for libpq's `host`.
    package var socketDirectory: String { directory.path }

    /// The postmaster's process id, while it runs.
    package var processID: pid_t? { process.withLock { $0?.processID } }

    /// Creates a database and returns its URL.
    ///
    /// - Parameter name: lower-case letters, digits and `_`.
    package func createDatabase(_ name: String) throws -> String {
        try query("CREATE DATABASE \(name)", database: "postgres")
        return url(database: name)
    }

    /// Runs SQL with `psql`, stopping at the first error, which is thrown.
    package func query(_ sql: String, database: String) throws {
        try programs.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url(database: database), "-c", sql],
            log: "\(directory.path)/psql-\(UInt32.random(in: .min ... .max))")
    }

    /// The rows of a query, columns separated by `|`.
    package func rows(_ sql: String, database: String = "postgres") throws -> [String] {
        let program = try Program(
            "psql", ["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url(database: database), "-c", sql])
        let text = program.readToEnd()
        guard program.wait() == 0 else { throw SupportError("psql failed: \(sql)") }
        return text.split(separator: "\n").map(String.init)
    }

    /// Starts the server again on the same port and data, after `stop` or `kill`; does nothing while it runs.
    package func start() throws {
        try process.withLock { process in
            guard process == nil else { return }
            process = try ChildProcess(
                programs.command(arguments), log: directory.path + "/log", watchedWith: directory.path)
        }
        try waitUntilReady()
    }

    /// Waits until the server accepts connections; throws after 20 s.
    package func waitUntilReady() throws {
        let ready = poll(timeout: .seconds(20)) {
            (try? programs.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", "\(port)"], log: "/dev/null")) != nil
        }
        guard ready else { throw SupportError("postgres does not answer: \(directory.read("log"))") }
    }

    /// Shuts the server down (fast mode: clients are disconnected) and waits until it has exited.
    package func stop() {
        process.withLock { process in
            guard let running = process else { return }
            running.signal(SIGCONT)
            running.signal(SIGINT)
            if !running.waitForExit(timeout: .seconds(10)) { Self.killAll(running) }
            process = nil
        }
    }

    /// Kills every process of the server with SIGKILL and waits until they are gone.
    package func kill() {
        process.withLock { process in
            if let running = process { Self.killAll(running) }
            process = nil
        }
    }

    /// Stops the server if it runs, and starts it again.
    package func restart() throws {
        stop()
        try start()
    }

    /// Makes every process of the server hang (SIGSTOP): connections stay open and nothing is answered.
    package func suspend() {
        process.withLock { process in
            guard let running = process else { return }
            Self.stopAll(running)
        }
    }

    /// Reverses `suspend`.
    package func resume() {
        process.withLock { process in
            guard let running = process else { return }
            for child in childProcesses(of: running.processID) { Glibc.kill(child, SIGCONT) }
            running.signal(SIGCONT)
        }
    }

    /// Stops every process of the server and waits until all have stopped.
    private static func stopAll(_ process: ChildProcess) {
        // The parent first, so that it starts no more children; a signal takes effect with a delay.
        process.signal(SIGSTOP)
        _ = poll(timeout: .seconds(5)) { isStopped(process.processID) || isZombie(process.processID) }
        _ = poll(timeout: .seconds(5)) {
            let children = childProcesses(of: process.processID).filter { !isStopped($0) && !isZombie($0) }
            for child in children { Glibc.kill(child, SIGSTOP) }
            return children.isEmpty
        }
    }

    private static func killAll(_ process: ChildProcess) {
        stopAll(process)
        // Each backend leads its own session, so there is no group to signal.
        let children = childProcesses(of: process.processID)
        for child in children { Glibc.kill(child, SIGKILL) }
        process.signal(SIGKILL)
        _ = process.waitForExit(timeout: .seconds(10))
        // A restart is refused while one of the processes is attached to the shared memory.
        _ = poll(timeout: .seconds(5)) { children.allSatisfy { Glibc.kill($0, 0) != 0 || isZombie($0) } }
    }

    private var arguments: [String] {
        let settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(directory.path)",
            "fsync=\(options.fsync ? "on" : "off")",
        ]
        return ["postgres", "-D", "\(directory.path)/data"] + (settings + options.settings).flatMap { ["-c", $0] }
    }
}
