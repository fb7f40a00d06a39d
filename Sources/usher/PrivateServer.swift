import Foundation

/// A `redis-server` or `postgres` that `usher dev` starts for itself and ends with itself.
struct PrivateServer {
    private let process: Process
    private let endSignal: Int32
    private let name: String

    /// Starts `redis-server` on a port of loopback with the settings that Usher recommends.
    static func redis(in directory: DataDirectory, port: Int) throws -> PrivateServer {
        let data = "\(directory.path)/redis"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        guard let binary = find("redis-server", []) else {
            throw Failure("redis-server is not installed; run make install, or set REDIS_URL.")
        }
        endLeftover(pidFile: "\(data)/redis.pid", name: "redis-server")
        return try start(
            "redis-server", binary,
            [
                "--port", String(port), "--bind", "127.0.0.1", "--dir", data, "--appendonly", "yes",
                "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", "",
                "--pidfile", "\(data)/redis.pid", "--logfile", "\(data)/log", "--daemonize", "no",
            ], endSignal: SIGTERM)
    }

    /// Starts `postgres` on a port of loopback; the first time it makes the cluster.
    static func postgres(in directory: DataDirectory, port: Int) throws -> PrivateServer {
        let data = "\(directory.path)/postgres"
        let places = (10...20).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        guard let binary = find("postgres", places), let initdb = find("initdb", places) else {
            throw Failure("postgres is not installed; run make install, or set DATABASE_URL.")
        }
        endLeftover(pidFile: "\(data)/postmaster.pid", name: "postgres")
        if !FileManager.default.fileExists(atPath: "\(data)/PG_VERSION") {
            try makeCluster(data, initdb)
        }
        let command = asPostgres([
            binary, "-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "logging_collector=on", "-c", "log_directory=log",
        ])
        // SIGINT is PostgreSQL's fast shutdown.
        return try start("postgres", command[0], Array(command.dropFirst()), endSignal: SIGINT)
    }

    private static func makeCluster(_ data: String, _ initdb: String) throws {
        try? FileManager.default.removeItem(atPath: data)
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        if geteuid() == 0 {
            guard let user = getpwnam("postgres") else {
                throw Failure("There is no user postgres to run PostgreSQL as.")
            }
            chown(data, user.pointee.pw_uid, user.pointee.pw_gid)
        }
        let command = asPostgres([
            initdb, "-D", data, "--username=usher", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
        ])
        let made = try start("initdb", command[0], Array(command.dropFirst()), endSignal: SIGTERM)
        made.process.waitUntilExit()
        guard made.process.terminationStatus == 0 else { throw Failure("initdb failed in \(data).") }
    }

    /// PostgreSQL refuses to run as root. As root it runs as `postgres`, which may still reach the directory.
    private static func asPostgres(_ command: [String]) -> [String] {
        guard geteuid() == 0 else { return command }
        return [
            "/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
            "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
        ] + command
    }

    private static func find(_ name: String, _ places: [String]) -> String? {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (path + places).map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Ends a server of this directory that an earlier, killed copy left behind.
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

    /// Ends it and waits until it is gone; one that does not go within ten seconds is killed.
    func stop() {
        kill(process.processIdentifier, endSignal)
        for attempt in 0..<Self.endAttempts where process.isRunning {
            if attempt == Self.endAttempts / 2 { kill(process.processIdentifier, SIGKILL) }
            usleep(20_000)
        }
    }

    private static let endAttempts = 1000

    /// A port of loopback that nobody uses now.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw Failure("There is no free port.") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
