import Foundation
import Glibc
import Synchronization

/// A program started by the tests, killed at the latest when the test process dies.
final class ChildProcess: Sendable {
    let processID: pid_t
    /// The wait status once reaped; a reaped id is never signalled, since another program may have it by then.
    private let status = Mutex<Int32?>(nil)

    /// Starts `arguments[0]`, an absolute path, with no input and with its output discarded or sent to `log`.
    ///
    /// - Parameters:
    /// - directory: a watchdog kills the program and deletes this directory if the test process dies in any way; nil
    /// means no watchdog.
    /// - environment: added to this process's own.
    init(
        _ arguments: [String], environment: [String: String] = [:], log: String, watchedWith directory: String?
    ) throws {
        processID = try Self.spawn(arguments, environment: environment, log: log)
        if let directory { Self.startWatchdog(for: processID, directory: directory) }
    }

    var isRunning: Bool { reap(options: WNOHANG) == nil }

    /// Sends a signal, unless the program was reaped already.
    func signal(_ number: Int32) {
        status.withLock { status in
            if status == nil { Glibc.kill(processID, number) }
        }
    }

    /// Waits until the program exits; returns false after `timeout`.
    func waitForExit(timeout: Duration) -> Bool {
        poll(timeout: timeout) { reap(options: WNOHANG) != nil }
    }

    /// Waits until the program exits, and returns its exit code (128 + signal if it was killed).
    func exitCode() -> Int32 {
        let status = reap(options: 0) ?? 0
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    private func reap(options: Int32) -> Int32? {
        status.withLock { known in
            if let known { return known }
            var now: Int32 = 0
            guard waitpid(processID, &now, options) == processID else { return nil }
            known = now
            return now
        }
    }

    private static func spawn(
        _ arguments: [String], environment: [String: String] = [:], log: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // A server that inherits the test's sockets would keep them open.
        for descriptor in openDescriptors() where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Its own group: an interrupt from the terminal goes to the tests, which stop the server in order. Every signal
        // is unblocked, since the spawning thread may block some.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for variable in envp { free(variable) } }
        var processID: pid_t = 0
        let result = posix_spawn(&processID, arguments[0], &actions, &attributes, &argv, &envp)
        guard result == 0 else { throw SupportError("\(arguments[0]) was not started: errno \(result)") }
        return processID
    }

    /// A shell that checks once a second whether the test process is alive.
    private static func startWatchdog(for child: pid_t, directory: String) {
        let script = """
            while kill -0 \(getpid()) && kill -0 \(child); do sleep 1; done 2>/dev/null
            kill -0 \(getpid()) 2>/dev/null || { kill -KILL \(child); rm -rf "$0"; }
            """
        _ = try? spawn(["/bin/sh", "-c", script, directory], log: "/dev/null")
    }
}

/// Runs a program to its end; throws with its output unless it exits with 0.
func runToEnd(_ arguments: [String], log: String) throws {
    let code = try ChildProcess(arguments, log: log, watchedWith: nil).exitCode()
    guard code == 0 else {
        let output = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw SupportError("\(arguments[0]) exited with \(code): \(output.suffix(2_000))")
    }
}

/// The open descriptors of this process.
package func openDescriptors() -> [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap { Int32($0) }
}

/// Polls `condition` every 5 ms; returns false after `timeout`.
func poll(timeout: Duration, until condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + timeout
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        usleep(5_000)
    }
    return true
}
