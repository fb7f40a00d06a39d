import Foundation
package import Glibc
import Synchronization

/// A private `redis-server` on the loopback interface and on a unix socket, in its own directory.
package final class RedisServerProcess: Sendable {
    package struct Options: Sendable {
        /// Whether Redis writes an append-only file, so that a restart keeps the data.
        package var appendOnly = false
        /// `always`, `everysec` or `no`.
        package var appendFsync = "everysec"
        /// The default user's password; nil means none.
        package var password: String?
        /// The data directory; nil means the server's own.
        package var dataDirectory: String?
        /// Users besides the default one, with their rules, as in `ACL SETUSER`.
        package var users: [(name: String, rules: [String])] = []
        /// Further arguments, for example `["--maxmemory", "4mb"]`.
        package var extraArguments: [String] = []
        /// Variables added to this process's own, for example those of a `FalseClock`.
        package var environment: [String: String] = [:]

        package init() {}
    }

    /// The TCP port on 127.0.0.1; a restart keeps it.
    package let port: UInt16
    /// The path of the unix socket; a restart keeps it.
    package let socketPath: String
    private let options: Options
    private let directory: ServerDirectory
    private let process = Mutex<ChildProcess?>(nil)

    /// Starts the server and waits until it answers.
    package init(_ options: Options = Options()) throws {
        self.options = options
        self.port = try freePort()
        self.directory = try ServerDirectory(prefix: "redis")
        self.socketPath = directory.path + "/redis.sock"
        try start()
    }

    deinit { discard() }

    /// Kills the server and deletes its directory.
    func discard() {
        kill()
        directory.remove()
    }

    /// The TCP URL, with the password if there is one.
    package var url: String { "redis://\(options.password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)" }

    /// The unix socket URL, without a password.
    package var socketURL: String { "unix:\(socketPath)" }

    /// The server's process id, while it runs.
    package var processID: pid_t? { process.withLock { $0?.processID } }

    package var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    /// Starts the server again on the same port and data, after `stop` or `kill`; does nothing while it runs.
    package func start() throws {
        let program = try findProgram("redis-server")
        try process.withLock { process in
            guard process == nil else { return }
            process = try ChildProcess(
                [program] + arguments, environment: options.environment, log: directory.path + "/log",
                watchedWith: directory.path)
        }
        try waitUntilReady()
    }

    /// Waits until the server answers PING, including the loading of its data; throws after 10 s.
    package func waitUntilReady() throws {
        let ready = poll(timeout: .seconds(10)) {
            guard let answer = ask(port: port, "PING\r\n") else { return false }
            return answer.hasPrefix("+PONG") || answer.hasPrefix("-NOAUTH")
        }
        guard ready else { throw SupportError("redis-server does not answer: \(directory.read("log"))") }
    }

    /// Shuts the server down and waits until it has exited.
    package func stop() {
        end(with: SIGTERM)
    }

    /// Kills the server with SIGKILL and waits until it is gone.
    package func kill() {
        end(with: SIGKILL)
    }

    /// Stops the server if it runs, and starts it again.
    package func restart() throws {
        stop()
        try start()
    }

    /// Makes the server hang (SIGSTOP): its connections stay open and nothing is answered.
    package func suspend() { process.withLock { $0?.signal(SIGSTOP) } }

    /// Reverses `suspend`.
    package func resume() { process.withLock { $0?.signal(SIGCONT) } }

    /// The size of the current append-only file in bytes.
    package func appendedBytes() throws -> UInt64 {
        try FileHandle(forReadingFrom: URL(fileURLWithPath: try appendedFile())).seekToEnd()
    }

    /// Truncates the append-only file, as a power failure does; only while the server is stopped.
    package func cutAppended(to bytes: UInt64) throws {
        try FileHandle(forWritingTo: URL(fileURLWithPath: try appendedFile())).truncate(atOffset: bytes)
    }

    private func appendedFile() throws -> String {
        let folder = dataDirectory + "/appendonlydir"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".incr.aof") }
        guard let last = names.max(by: { $0.count == $1.count ? $0 < $1 : $0.count < $1.count }) else {
            throw SupportError("no append-only file in \(folder)")
        }
        return folder + "/" + last
    }

    private var dataDirectory: String { options.dataDirectory ?? directory.path }

    private func end(with signal: Int32) {
        process.withLock { process in
            process?.signal(signal)
            process?.signal(SIGCONT)
            if process?.waitForExit(timeout: .seconds(10)) == false {
                process?.signal(SIGKILL)
                _ = process?.waitForExit(timeout: .seconds(10))
            }
            process = nil
        }
    }

    private var arguments: [String] {
        var arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socketPath, "--dir", dataDirectory,
            "--save", "", "--daemonize", "no", "--appendonly", options.appendOnly ? "yes" : "no",
            "--appendfsync", options.appendFsync,
        ]
        if let password = options.password { arguments += ["--requirepass", password] }
        for user in options.users { arguments += ["--user", user.name] + user.rules }
        return arguments + options.extraArguments
    }
}
