import Foundation
public import Glibc
import Synchronization

/// A private `redis-server` on the loopback interface and on a unix socket, in a directory of its own.
public final class RedisServerProcess: Sendable {
    /// How the server runs.
    public struct Options: Sendable {
        /// Whether it writes an append-only file, so that a restart keeps the data.
        public var appendOnly = false
        /// `always`, `everysec` or `no`.
        public var appendFsync = "everysec"
        /// The default user's password; nil means none.
        public var password: String?
        /// Where it keeps its data; nil means its own directory.
        public var dataDirectory: String?
        /// Users beside the default one, and the rules of their rights, as `ACL SETUSER` has them.
        public var users: [(name: String, rules: [String])] = []
        /// Further arguments, for example `["--maxmemory", "4mb"]`.
        public var extraArguments: [String] = []
        /// Variables beside this process's own, for example those of a `FalseClock`.
        public var environment: [String: String] = [:]

        /// No append-only file and no password.
        public init() {}
    }

    /// The TCP port on 127.0.0.1; the same after a restart.
    public let port: UInt16
    /// The path of the unix socket; the same after a restart.
    public let socketPath: String
    private let options: Options
    private let directory: ServerDirectory
    private let process = Mutex<ChildProcess?>(nil)

    /// Starts the server and waits until it answers.
    public init(_ options: Options = Options()) throws {
        self.options = options
        self.port = try freePort()
        self.directory = try ServerDirectory(prefix: "redis")
        self.socketPath = directory.path + "/redis.sock"
        try start()
    }

    deinit { discard() }

    /// Kills it and deletes its directory.
    func discard() {
        kill()
        directory.remove()
    }

    /// Where clients connect by TCP, with the password if there is one.
    public var url: String { "redis://\(options.password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)" }

    /// Where clients connect by unix socket; it carries no password.
    public var socketURL: String { "unix:\(socketPath)" }

    /// The server's process, while it runs.
    public var processID: pid_t? { process.withLock { $0?.processID } }

    /// Whether it runs.
    public var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    /// Starts the server again where it was, after `stop` or `kill`; does nothing while it runs.
    public func start() throws {
        let program = try findProgram("redis-server")
        try process.withLock { process in
            guard process == nil else { return }
            process = try ChildProcess(
                [program] + arguments, environment: options.environment, log: directory.path + "/log",
                watchedWith: directory.path)
        }
        try waitUntilReady()
    }

    /// Waits until it answers PING; throws after 10 s. It waits through the loading of its data.
    public func waitUntilReady() throws {
        let ready = poll(timeout: .seconds(10)) {
            guard let answer = ask(port: port, "PING\r\n") else { return false }
            return answer.hasPrefix("+PONG") || answer.hasPrefix("-NOAUTH")
        }
        guard ready else { throw SupportError("redis-server does not answer: \(directory.read("log"))") }
    }

    /// Asks the server to shut down and waits until it is gone.
    public func stop() {
        end(with: SIGTERM)
    }

    /// Kills the server with SIGKILL and waits until it is gone.
    public func kill() {
        end(with: SIGKILL)
    }

    /// Stops the server if it runs, and starts it again.
    public func restart() throws {
        stop()
        try start()
    }

    /// Makes the server hang (SIGSTOP): its connections stay open and nothing is answered.
    public func suspend() { process.withLock { $0?.signal(SIGSTOP) } }

    /// Ends what `suspend` began.
    public func resume() { process.withLock { $0?.signal(SIGCONT) } }

    /// Bytes in the append-only file that is being written.
    public func appendedBytes() throws -> UInt64 {
        try FileHandle(forReadingFrom: URL(fileURLWithPath: try appendedFile())).seekToEnd()
    }

    /// Cuts the end of the append-only file off, as a power failure does; only while the server is not running.
    public func cutAppended(to bytes: UInt64) throws {
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
