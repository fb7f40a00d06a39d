import Cryptography
import Foundation

/// The directory in which `usher dev` keeps its stores and its secret.
struct DataDirectory {
    let path: String

    init(_ settings: Settings) {
        let given = settings.text("USHER_DATA_DIR") ?? ".usher"
        path = URL(fileURLWithPath: given).path
    }

    /// The secret that `dev` generated, if there is one.
    var storedSecret: String? {
        try? String(contentsOfFile: "\(path)/jwt-secret", encoding: .utf8)
    }

    /// The directory of the private stores' sockets: next to the data or, if that path is too long for a socket name, a
    /// directory in `/tmp` that only this user may use.
    var socketPath: String {
        let usual = "\(path)/sockets"
        // 107 bytes (unix(7)), of which PostgreSQL's name takes 14.
        return usual.utf8.count <= 90 ? usual : "/tmp/usher-\(hexEncode(sha256(Array(path.utf8)).prefix(8)))"
    }

    /// The address of `dev`'s own Redis.
    var redisURL: String { "unix:\(redisSocket)" }
    var redisSocket: String { "\(socketPath)/redis.sock" }

    /// The address of `dev`'s own PostgreSQL.
    var databaseURL: String {
        let allowed = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."\u{7f}"))
            .union(CharacterSet(charactersIn: "-._"))
        return "postgresql://usher@\(socketPath.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")/postgres"
    }

    /// The address of the private PostgreSQL, if `usher dev` is running on this directory.
    var runningDatabase: String? {
        // A running `dev` keeps the lock.
        let descriptor = open("\(path)/lock", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return databaseURL
    }

    /// Creates the directory, accessible to its owner only, and locks it for the lifetime of this process.
    func claim() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard chmod(path, 0o700) == 0 else { throw Failure("\(path) belongs to another user.") }
        let descriptor = open("\(path)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("Another usher dev uses \(path); stop it, or set USHER_DATA_DIR to another directory.")
        }
        // The descriptor stays open so that the lock lasts as long as the process.
    }

    /// Creates the directory of the sockets.
    ///
    /// - Parameter owner: the user that creates sockets in it. Besides this user only this process's user has access.
    func makeSocketDirectory(owner: uid_t) throws {
        let refused = Failure("\(socketPath) cannot be used for sockets: it belongs to another user.")
        mkdir(socketPath, 0o700)
        var found = stat()
        // A symbolic link or another user's directory would expose the sockets.
        guard lstat(socketPath, &found) == 0, found.st_mode & S_IFMT == S_IFDIR,
            found.st_uid == geteuid() || found.st_uid == owner
        else { throw refused }
        guard chmod(socketPath, 0o700) == 0, found.st_uid == owner || chown(socketPath, owner, gid_t.max) == 0 else {
            throw refused
        }
    }

    /// The secret; generated at the first start.
    func secret() throws -> String {
        if let kept = storedSecret { return kept }
        let secret = hexEncode(RandomSource().bytes(32))
        let created = FileManager.default.createFile(
            atPath: "\(path)/jwt-secret", contents: Data(secret.utf8), attributes: [.posixPermissions: 0o600])
        guard created else { throw Failure("\(path) is not writable.") }
        return secret
    }
}
