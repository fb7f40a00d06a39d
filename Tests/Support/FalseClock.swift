import Foundation
import Glibc

/// A clock that can be changed while a program runs with it (libfaketime).
package final class FalseClock: Sendable {
    private let directory: TemporaryDirectory
    private let library: String
    private let name = "usher-clock-\(UInt64.random(in: .min ... .max))"

    /// Creates a clock with the right time.
    package init() throws {
        directory = try TemporaryDirectory()
        library = try Self.findLibrary()
        try set(seconds: 0)
        // Created here because libfaketime would otherwise create them and then change the environment, where Swift
        // looks for a program's arguments: a semaphore of value 1, and shared memory.
        try Data([1] + [UInt8](repeating: 0, count: 31)).write(to: URL(fileURLWithPath: "/dev/shm/sem.\(name)"))
        try Data(count: 4096).write(to: URL(fileURLWithPath: "/dev/shm/\(name)"))
    }

    deinit { for file in ["sem.\(name)", name] { unlink("/dev/shm/\(file)") } }

    /// The environment for a program that is to run with this clock. The C library's allocator is preloaded before the
    /// one that the program is linked with: jemalloc asks for the time while it allocates, before libfaketime can
    /// answer, and waits forever.
    package var environment: [String: String] {
        [
            "LD_PRELOAD": "\(library) libc.so.6", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_SHARED": "/\(name) /\(name)",
        ]
    }

    /// Sets the clock this far ahead of the right time.
    ///
    /// A program sees the change within a second.
    package func set(seconds: Int) throws {
        try "\(seconds < 0 ? "" : "+")\(seconds)".write(toFile: file, atomically: true, encoding: .utf8)
    }

    private var file: String { directory.path + "/clock" }

    private static func findLibrary() throws -> String {
        let parents = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib").map { "/usr/lib/\($0)" }
        let candidates = (["/usr/lib"] + parents).map { $0 + "/faketime/libfaketime.so.1" }
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw SupportError("the package faketime is not installed")
        }
        return found
    }
}
