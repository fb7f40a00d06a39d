import Cryptography
import Foundation

/// Where `usher dev` keeps its stores and its secret.
struct DataDirectory {
    let path: String

    init(_ settings: Settings) {
        let given = settings.text("USHER_DATA_DIR") ?? ".usher"
        path = URL(fileURLWithPath: given).path
    }

    /// The secret that `dev` made, if it did.
    var keptSecret: String? {
        try? String(contentsOfFile: "\(path)/jwt-secret", encoding: .utf8)
    }

    /// Makes the directory, and sees to it that no other copy uses it while this process lives.
    func claim() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let descriptor = open("\(path)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("Another usher dev uses \(path); stop it, or set USHER_DATA_DIR to another directory.")
        }
        // Left open: the lock lasts as long as the process.
    }

    /// The secret, made at the first start.
    func secret() throws -> String {
        if let kept = keptSecret { return kept }
        let secret = hexEncode(RandomSource().bytes(32))
        let created = FileManager.default.createFile(
            atPath: "\(path)/jwt-secret", contents: Data(secret.utf8), attributes: [.posixPermissions: 0o600])
        guard created else { throw Failure("\(path) cannot be written to.") }
        return secret
    }
}
