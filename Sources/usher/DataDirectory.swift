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

    /// Where the private stores' sockets are: beside the data, or, where that path is too long for a socket's name, in a
    /// directory of `/tmp` that belongs to nobody else.
    var socketPath: String {
        let usual = "\(path)/sockets"
        // 107 bytes (unix(7)), of which PostgreSQL's name takes 14.
        return usual.utf8.count <= 90 ? usual : "/tmp/usher-\(hexEncode(sha256(Array(path.utf8)).prefix(8)))"
    }

    /// Where `dev`'s own Redis listens.
    var redisURL: String { "unix:\(redisSocket)" }
    var redisSocket: String { "\(socketPath)/redis.sock" }

    /// Where `dev`'s own PostgreSQL listens.
    var databaseURL: String {
        let allowed = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."\u{7f}"))
            .union(CharacterSet(charactersIn: "-._"))
        return "postgresql://usher@\(socketPath.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")/postgres"
    }

    /// How to reach PostgreSQL while `dev` runs here on a private one.
    var runningDatabase: String? {
        // Who holds the lock runs.
        let descriptor = open("\(path)/lock", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return databaseURL
    }

    /// Makes the directory, which nobody but its owner may look into, and sees to it that no other copy uses it while
    /// this process lives.
    func claim() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard chmod(path, 0o700) == 0 else { throw Failure("\(path) belongs to somebody else.") }
        let descriptor = open("\(path)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("Another usher dev uses \(path); stop it, or set USHER_DATA_DIR to another directory.")
        }
        // Left open: the lock lasts as long as the process.
    }

    /// Makes the directory of the sockets.
    ///
    /// - Parameter owner: who makes sockets in it; nobody else but this process's user may.
    func makeSocketDirectory(owner: uid_t) throws {
        let refused = Failure("\(socketPath) cannot be used for sockets: it belongs to somebody else.")
        mkdir(socketPath, 0o700)
        var found = stat()
        // A link, or another's directory, would give the sockets away.
        guard lstat(socketPath, &found) == 0, found.st_mode & S_IFMT == S_IFDIR,
            found.st_uid == geteuid() || found.st_uid == owner
        else { throw refused }
        guard chmod(socketPath, 0o700) == 0, found.st_uid == owner || chown(socketPath, owner, gid_t.max) == 0 else {
            throw refused
        }
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
