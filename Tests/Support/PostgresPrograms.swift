import Foundation
import Glibc

/// PostgreSQL's programs and the account they run under: `postgres` if the tests run as root, which the programs
/// refuse.
struct PostgresPrograms {
    private let directories: [String]
    private let prefix: [String]

    init() throws {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        directories = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(root)/\($0)/bin" }
        // Not runuser: it stays as the parent process and receives the signals.
        prefix =
            getuid() == 0
            ? [try findProgram("setpriv"), "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : []
    }

    /// The full command line of a program with its arguments.
    func command(_ arguments: [String]) throws -> [String] {
        prefix + [try findProgram(arguments[0], in: directories)] + arguments.dropFirst()
    }

    /// Runs a program to its end; throws if it fails.
    func run(_ arguments: [String], log: String) throws {
        try runToEnd(command(arguments), log: log)
    }

    /// Creates a cluster in `path`/data, and gives `path` to the server's account.
    func makeCluster(in path: String) throws {
        if getuid() == 0 {
            guard let account = getpwnam("postgres") else { throw SupportError("no user postgres") }
            chown(path, account.pointee.pw_uid, account.pointee.pw_gid)
        }
        try run(
            [
                "initdb", "-D", "\(path)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                "--no-sync", "--no-instructions",
            ], log: "\(path)/initdb")
    }
}

/// The direct children of a process, from `/proc`.
func childProcesses(of parent: pid_t) -> [pid_t] {
    var processes: [pid_t] = []
    // Entries appear and disappear during the read; Foundation treats that as an error.
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if let process = pid_t(name) { processes.append(process) }
    }
    return processes.filter { processState($0)?.parent == parent }
}

/// Whether a process has ended and is not reaped yet.
func isZombie(_ process: pid_t) -> Bool { processState(process)?.state == "Z" }

/// Whether a process was stopped by a signal.
func isStopped(_ process: pid_t) -> Bool { processState(process)?.state == "T" }

private func processState(_ process: pid_t) -> (state: Substring, parent: pid_t)? {
    guard let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let name = line.lastIndex(of: ")")
    else { return nil }
    // The name may contain any character; the state and the parent follow it.
    let fields = line[line.index(after: name)...].split(separator: " ")
    guard fields.count > 1, let parent = pid_t(fields[1]) else { return nil }
    return (fields[0], parent)
}
