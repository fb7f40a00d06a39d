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

/// A `redis-server` of the test's own, with a unix socket.
public final class RedisServer: Sendable {
    private let directory: TemporaryDirectory
    private let program: Program
    /// Its address, for `RedisConfiguration`.
    public let url: String

    /// Starts it and waits until it listens.
    public init() throws {
        directory = try TemporaryDirectory()
        let socket = "\(directory.path)/redis"
        url = "unix:\(socket)"
        program = try Program(
            "redis-server",
            [
                "--port", "0", "--unixsocket", socket, "--dir", directory.path, "--appendonly", "yes",
                "--appendfsync", "always", "--save", "",
            ])
        guard program.read(until: "ready to accept connections") != nil else { throw CocoaError(.executableLoad) }
    }

    deinit {
        program.signal(SIGKILL)
        _ = program.wait()
    }
}

/// A port of loopback that nobody uses now.
public func freePort() -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    return Int(UInt16(bigEndian: address.sin_port))
}
