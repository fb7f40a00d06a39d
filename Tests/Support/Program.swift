import Foundation
package import Glibc

/// A program started by a test; killed when the object is released.
package final class Program: Sendable {
    private let process: ChildProcess
    private let directory: ServerDirectory

    /// Starts a program found in PATH or given by its path.
    ///
    /// - Parameter environment: added to this process's own.
    package init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        directory = try ServerDirectory(prefix: "program")
        let path = name.hasPrefix("/") ? name : try findProgram(name)
        process = try ChildProcess(
            [path] + arguments, environment: environment, log: directory.path + "/output", watchedWith: directory.path)
    }

    deinit {
        process.signal(SIGKILL)
        _ = process.waitForExit(timeout: .seconds(10))
    }

    package var processID: pid_t { process.processID }

    package var isRunning: Bool { process.isRunning }

    package func signal(_ number: Int32) { process.signal(number) }

    /// Waits until the program exits, and returns its exit code (128 + signal if it was killed).
    package func wait() -> Int32 { process.exitCode() }

    /// Kills the program with SIGKILL and waits until it is gone.
    package func kill() {
        process.signal(SIGKILL)
        _ = process.exitCode()
    }

    /// The output so far, standard output and standard error.
    package var output: String {
        (try? String(contentsOfFile: directory.path + "/output", encoding: .utf8)) ?? ""
    }

    /// The output once it contains `text`; `nil` if the program exits before.
    package func read(until text: String) -> String? {
        while process.isRunning {
            if output.contains(text) { return output }
            usleep(10_000)
        }
        return output.contains(text) ? output : nil
    }

    /// The whole output; waits until the program has exited.
    package func readToEnd() -> String {
        _ = wait()
        return output
    }
}

/// A directory that is deleted with its owner.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// Creates the directory; every user may enter it.
    package init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("usher-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
