import CArgon2
import CCrypt
import Glibc

/// Password hashes in their printable form: argon2id (RFC 9106) for new ones, bcrypt for hashes imported from an older
/// system.
///
/// Hashing and verifying take tens of milliseconds and 19 MiB: never call them on a loop.
package enum PasswordHash {
    /// OWASP's minimum for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
    private static let memoryKiB: UInt32 = 19 * 1024
    private static let passes: UInt32 = 2
    private static let lanes: UInt32 = 1
    private static let saltBytes = 16
    private static let hashBytes = 32
    private static let prefix = "$argon2id$v=19$m=19456,t=2,p=1$"

    /// Accepted parameters of hashes that were made with other settings.
    private static let argon2Bounds = (memoryKiB: 8...65_536, passes: 1...10, lanes: 1...4)

    /// With a higher cost, an imported hash could occupy a thread for minutes.
    private static let bcryptCosts = 4...15
    /// The length that bcrypt evaluates; it ignores further bytes, so that other passwords would match too.
    package static let maximumPasswordBytes = 72

    /// Hashes a password with a new salt; nil if out of memory.
    /// The corresponding C function is `argon2id_hash_encoded`.
    package static func make(_ password: String) -> String? {
        let password = Array(password.utf8)
        let salt = randomBytes(saltBytes)
        // The longest encoding has 97 characters and a NUL.
        var encoded = [CChar](repeating: 0, count: 128)
        let result = unsafe argon2id_hash_encoded(
            passes, memoryKiB, lanes, password, password.count, salt, salt.count, hashBytes, &encoded, encoded.count)
        guard result == ARGON2_OK.rawValue else { return nil }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A hash that no known password matches and that is as expensive to verify as a real one.
    package static func decoy() -> String {
        let parts = [saltBytes, hashBytes].map { base64Encode(randomBytes($0)).filter { $0 != "=" } }
        return prefix + parts.joined(separator: "$")
    }

    /// Whether the hash has the current parameters; otherwise it is replaced at the next successful login.
    package static func isCurrent(_ hash: String) -> Bool { hash.hasPrefix(prefix) }

    /// Whether `matches` supports the hash's format.
    package static func isSupported(_ hash: String) -> Bool { isArgon2id(hash) || isBcrypt(hash) }

    /// Whether `hash` is a hash of this password: argon2id, or bcrypt (`$2a$`, `$2b$`), of bounded cost.
    /// The corresponding C functions are `argon2id_verify` and `crypt_ra`.
    package static func matches(_ password: String, _ hash: String) -> Bool {
        if isArgon2id(hash) {
            let bytes = Array(password.utf8)
            return unsafe argon2id_verify(hash, bytes, bytes.count) == ARGON2_OK.rawValue
        }
        let isWhole = password.utf8.count <= maximumPasswordBytes && !password.utf8.contains(0)
        guard isWhole, isBcrypt(hash), let made = bcrypt(password, hash) else { return false }
        return constantTimeEquals(made, Array(hash.utf8))
    }

    /// `$argon2id$v=19$m=19456,t=2,p=1$`, then salt and hash.
    private static func isArgon2id(_ hash: String) -> Bool {
        let parts = hash.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[1] == "argon2id", parts[2] == "v=19" else { return false }
        let costs = parts[3].split(separator: ",").map { $0.split(separator: "=") }
        guard costs.count == 3, costs.allSatisfy({ $0.count == 2 }), costs.map({ $0[0] }) == ["m", "t", "p"],
            let memory = Int(costs[0][1]), let passes = Int(costs[1][1]), let lanes = Int(costs[2][1])
        else { return false }
        return argon2Bounds.memoryKiB.contains(memory) && argon2Bounds.passes.contains(passes)
            && argon2Bounds.lanes.contains(lanes)
    }

    /// `$2b$10$`, then 53 characters of salt and hash.
    private static func isBcrypt(_ hash: String) -> Bool {
        let bytes = Array(hash.utf8)
        guard bytes.count == 60, hash.hasPrefix("$2a$") || hash.hasPrefix("$2b$"), bytes[6] == UInt8(ascii: "$"),
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self))
        else { return false }
        return bcryptCosts.contains(cost)
    }

    private static func bcrypt(_ password: String, _ setting: String) -> [UInt8]? {
        var data: UnsafeMutableRawPointer?
        var size: Int32 = 0
        defer { unsafe free(data) }
        guard let made = unsafe crypt_ra(password, setting, &data, &size) else { return nil }
        return unsafe Array(UnsafeBufferPointer(start: made, count: strlen(made))).map { UInt8(bitPattern: $0) }
    }
}
