import Foundation

/// A server's temporary directory, deleted with its owner.
final class ServerDirectory: Sendable {
    let path: String

    init(prefix: String) throws {
        // Short: a unix socket's path has at most 107 bytes.
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        path = FileManager.default.temporaryDirectory.path + "/usher-\(prefix)-\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { remove() }

    /// Deletes the directory early: the owner of a static is never released.
    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// The end of a file in the directory, for messages.
    func read(_ name: String) -> String {
        String(((try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? "").suffix(2_000))
    }
}

/// The absolute path of a program in `PATH` or in one of `directories`.
func findProgram(_ name: String, in directories: [String] = []) throws -> String {
    let searched = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for directory in searched + directories where FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") {
        return "\(directory)/\(name)"
    }
    throw SupportError("\(name) is not installed")
}
