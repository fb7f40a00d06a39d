import Foundation
import Glibc
import Support

/// A separate disk that can be filled up: a tmpfs, if this process may mount one.
final class SmallDisk: Sendable {
    let path: String
    /// Whether the disk is a separate one; otherwise it cannot be filled.
    let isMounted: Bool
    private let filler: String
    private let directory: TemporaryDirectory

    init(megabytes: Int) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        filler = path + "/filler"
        let mount = try Program("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path])
        isMounted = mount.wait() == 0
        guard isMounted else { return }
        // Unmounts the disk however this process ends.
        let script =
            "while kill -0 \(getpid()); do sleep 1; done 2>/dev/null; { umount -l \"$0\"; rmdir \"$0\"; } 2>/dev/null"
        let watchdog = Process()
        watchdog.executableURL = URL(fileURLWithPath: "/bin/sh")
        watchdog.arguments = ["-c", script, path]
        // The reader of the tests' output waits until every process has closed it.
        watchdog.standardOutput = FileHandle.nullDevice
        watchdog.standardError = FileHandle.nullDevice
        try watchdog.run()
    }

    deinit { if isMounted { _ = try? Program("umount", ["-l", path]).wait() } }

    /// Fills the disk.
    func fill() {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        for block in [1 << 20, 4096, 1] {
            let bytes = [UInt8](repeating: 0, count: block)
            while write(descriptor, bytes, block) == block {}
        }
    }

    /// Frees the space.
    func free() { unlink(filler) }
}
