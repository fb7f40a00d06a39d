import Foundation

/// A program that a test started; ended when the test lets go of it.
public final class Program: @unchecked Sendable {
    // SAFETY of @unchecked: `Process` is used from one test at a time.
    private let process = Process()
    private let output = Pipe()

    /// Starts a program found in PATH or named by its path.
    public init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
        let binary = name.contains("/") ? name : path.first { FileManager.default.isExecutableFile(atPath: $0) }
        process.executableURL = URL(fileURLWithPath: binary ?? name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Sends a signal.
    public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits until it has ended, and gives its status.
    public func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Its output from now until a line contains `text`; `nil` when it ends before.
    public func read(until text: String) -> String? {
        var read = ""
        while !read.contains(text) {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { return nil }
            read += String(decoding: data, as: UTF8.self)
        }
        return read
    }

    /// All its output, once it has ended.
    public func readToEnd() -> String {
        String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
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
