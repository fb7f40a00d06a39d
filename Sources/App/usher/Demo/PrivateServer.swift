import Foundation

/// A `redis-server` or `postgres` that `usher dev` starts and stops together with itself.
struct PrivateServer {
    private let process: Process
    private let endSignal: Int32
    private let name: String

    /// Starts `redis-server` on a socket that only this process's user can open, with the settings that Usher
    /// recommends.
    static func redis(in directory: DataDirectory) throws -> PrivateServer {
        let data = "\(directory.path)/redis"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        guard let binary = find("redis-server", []) else {
            throw Failure("redis-server is not installed; run make install, or set REDIS_URL.")
        }
        endLeftover(pidFile: "\(data)/redis.pid", name: "redis-server")
        return try start(
            "redis-server", binary,
            [
                "--port", "0", "--unixsocket", directory.redisSocket, "--unixsocketperm", "700", "--dir", data,
                "--appendonly", "yes",
                "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", "",
                "--pidfile", "\(data)/redis.pid", "--logfile", "\(data)/log", "--daemonize", "no",
            ], endSignal: SIGTERM)
    }

    /// Starts `postgres` on a socket that admits only this process's user. Creates the cluster at the first start.
    static func postgres(in directory: DataDirectory) throws -> PrivateServer {
        let data = "\(directory.path)/postgres"
        let places = (10...20).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        guard let binary = find("postgres", places), let initdb = find("initdb", places) else {
            throw Failure("postgres is not installed; run make install, or set DATABASE_URL.")
        }
        endLeftover(pidFile: "\(data)/postmaster.pid", name: "postgres")
        if !FileManager.default.fileExists(atPath: "\(data)/PG_VERSION") {
            try makeCluster(data, initdb)
        }
        let rules = try writeAccessRules(data)
        let command = runningAsPostgres([
            binary, "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories=\(directory.socketPath)",
            "-c", "port=5432", "-c", "unix_socket_permissions=0700", "-c", "hba_file=\(rules.hosts)",
            "-c", "ident_file=\(rules.users)", "-c", "logging_collector=on", "-c", "log_directory=log",
        ])
        // SIGINT is PostgreSQL's fast shutdown.
        return try start("postgres", command[0], Array(command.dropFirst()), endSignal: SIGINT)
    }

    /// The user that PostgreSQL runs as.
    static func postgresUser() throws -> uid_t {
        guard geteuid() == 0 else { return geteuid() }
        guard let user = getpwnam("postgres") else {
            throw Failure("There is no user postgres to run PostgreSQL as.")
        }
        return user.pointee.pw_uid
    }

    /// Admits only this process's user, by peer authentication; not even PostgreSQL's own user. Written at each start,
    /// so that a cluster of an older version, which admitted every user, is closed too.
    private static func writeAccessRules(_ data: String) throws -> (hosts: String, users: String) {
        guard let user = getpwuid(geteuid()) else { throw Failure("This process's user has no name.") }
        let files = (hosts: "\(data)/usher_hba.conf", users: "\(data)/usher_ident.conf")
        for (path, text) in [
            (files.hosts, "local all usher peer map=usher\n"),
            (files.users, "usher \"\(String(cString: user.pointee.pw_name))\" usher\n"),
        ] {
            let made = FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
            guard made else { throw Failure("\(path) is not writable.") }
            chown(path, try postgresUser(), gid_t.max)
        }
        return files
    }

    private static func makeCluster(_ data: String, _ initdb: String) throws {
        try? FileManager.default.removeItem(atPath: data)
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        chown(data, try postgresUser(), gid_t.max)
        let command = runningAsPostgres([
            initdb, "-D", data, "--username=usher", "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        let made = try start("initdb", command[0], Array(command.dropFirst()), endSignal: SIGTERM)
        made.process.waitUntilExit()
        guard made.process.terminationStatus == 0 else { throw Failure("initdb failed in \(data).") }
    }

    /// PostgreSQL refuses to run as root, so root runs it as `postgres`. That user owns the data but may not be able to
    /// traverse the directories above: CAP_DAC_READ_SEARCH allows that, and no writes outside its own files.
    private static func runningAsPostgres(_ command: [String]) -> [String] {
        guard geteuid() == 0 else { return command }
        return [
            "/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
            "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
        ] + command
    }

    private static func find(_ name: String, _ places: [String]) -> String? {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (path + places).map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Stops a server of this directory that a killed `usher dev` left running.
    private static func endLeftover(pidFile: String, name: String) {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
            let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) }),
            let command = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8),
            name.hasPrefix(command.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return }
        kill(pid, name == "postgres" ? SIGINT : SIGTERM)
        for _ in 0..<100 where kill(pid, 0) == 0 { usleep(50_000) }
    }

    private static func start(
        _ name: String, _ binary: String, _ arguments: [String], endSignal: Int32
    ) throws -> PrivateServer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try Signals.unblocked { try process.run() }
        } catch {
            throw Failure("\(name) could not be started.")
        }
        return PrivateServer(process: process, endSignal: endSignal, name: name)
    }

    /// Stops the server and waits for its exit; kills it after ten seconds.
    func stop() {
        kill(process.processIdentifier, endSignal)
        for attempt in 0..<Self.endAttempts where process.isRunning {
            if attempt == Self.endAttempts / 2 { kill(process.processIdentifier, SIGKILL) }
            usleep(20_000)
        }
    }

    private static let endAttempts = 1000
}
