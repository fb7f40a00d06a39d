import Foundation
import Glibc
import Support

/// A disk of its own that can be filled up: a tmpfs where this process may mount one.
final class SmallDisk: Sendable {
    let path: String
    /// Whether it is a disk of its own; else it cannot be filled.
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
        // However this process ends, the mount goes with it.
        let script =
            "while kill -0 \(getpid()); do sleep 1; done 2>/dev/null; { umount -l \"$0\"; rmdir \"$0\"; } 2>/dev/null"
        let watchdog = Process()
        watchdog.executableURL = URL(fileURLWithPath: "/bin/sh")
        watchdog.arguments = ["-c", script, path]
        // Whoever reads what the tests say waits until nobody can say anything more.
        watchdog.standardOutput = FileHandle.nullDevice
        watchdog.standardError = FileHandle.nullDevice
        try watchdog.run()
    }

    deinit { if isMounted { _ = try? Program("umount", ["-l", path]).wait() } }

    /// Takes all that is left.
    func fill() {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        for block in [1 << 20, 4096, 1] {
            let bytes = [UInt8](repeating: 0, count: block)
            while write(descriptor, bytes, block) == block {}
        }
    }

    /// Gives it back.
    func free() { unlink(filler) }
}
