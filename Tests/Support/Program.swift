import Foundation
public import Glibc

/// A program that a test started; killed when the test lets go of it.
public final class Program: Sendable {
    private let process: ChildProcess
    private let directory: ServerDirectory

    /// Starts a program found in PATH or named by its path.
    ///
    /// - Parameter environment: is added to this process's own.
    public init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        directory = try ServerDirectory(prefix: "program")
        let path = name.hasPrefix("/") ? name : try findProgram(name)
        process = try ChildProcess(
            [path] + arguments, environment: environment, log: directory.path + "/output", watchedWith: directory.path)
    }

    deinit {
        process.signal(SIGKILL)
        _ = process.waitForExit(timeout: .seconds(10))
    }

    /// Its process id.
    public var processID: pid_t { process.processID }

    /// Whether it has not ended.
    public var isRunning: Bool { process.isRunning }

    /// Sends a signal.
    public func signal(_ number: Int32) { process.signal(number) }

    /// Waits until it has ended, and gives its exit code, 128 + signal when it was killed.
    public func wait() -> Int32 { process.exitCode() }

    /// Kills it with SIGKILL and waits until it is gone.
    public func kill() {
        process.signal(SIGKILL)
        _ = process.exitCode()
    }

    /// What it has printed so far, to both standard output and standard error.
    public var output: String {
        (try? String(contentsOfFile: directory.path + "/output", encoding: .utf8)) ?? ""
    }

    /// Its output once a line contains `text`; `nil` when it ends before.
    public func read(until text: String) -> String? {
        while process.isRunning {
            if output.contains(text) { return output }
            usleep(10_000)
        }
        return output.contains(text) ? output : nil
    }

    /// All its output, once it has ended.
    public func readToEnd() -> String {
        _ = wait()
        return output
    }
}

/// A directory that goes with the test.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes it; everybody may enter.
    public init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("usher-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
