import Cryptography
import EventLoop
import RedisClient
import Synchronization

/// What one process counts by itself while Redis is away; one for all its loops.
final class LocalLoginWindow: Sendable {
    private let window = Mutex(LoginWindow())

    func with<Value: Sendable>(_ body: (inout LoginWindow) -> Value) -> Value { window.withLock { body(&$0) } }
}

/// Bounds how fast passwords can be tried; one per loop, counted in Redis over all copies.
///
/// An attempt is counted before the password is looked at and taken out again when it was right: else a thousand at
/// once would all be let in before the first has failed.
///
/// While Redis cannot be asked, each process counts by itself. Letting everybody in would invite an attacker to wait
/// for such a moment, or to cause it; letting nobody in would make a login depend on a store that it does not need.
public final class LoginLimit {
    private let connection: RedisConnection
    private let local: LocalLoginWindow
    private let secret: [UInt8]
    private let random = RandomSource()

    private static let windowMilliseconds: Int64 = 60_000
    /// Failures a minute.
    public static let perAccount = 10
    /// Failures a minute; more, for a whole office may come from one address.
    public static let perAddress = 100

    static let script = RedisScript(
        name: "login_limit", source: String(decoding: PackageResources.login_limit_lua, as: UTF8.self))

    /// An attempt that was let in.
    struct Attempt {
        fileprivate let id: String
        fileprivate let keys: [String]
    }

    /// - Parameter secret: hides addresses of mail from whoever reads Redis's keys.
    init(connection: RedisConnection, local: LocalLoginWindow, secret: [UInt8]) {
        self.connection = connection
        self.local = local
        self.secret = secret
    }

    /// Counts an attempt.
    ///
    /// - Throws: `.tooManyAttempts`, `.tooManyFromAddress`; then it was not counted.
    func begin(account: EmailAddress, address: String) async throws(AccountError) -> Attempt {
        let digest = hexEncode(hmacSHA256(key: secret, message: Array(account.normalised.utf8)))
        let limits: [(key: String, most: Int, refusal: AccountError.Code)] = [
            ("usher:login:address:\(address)", Self.perAddress, .tooManyFromAddress),
            ("usher:login:account:\(digest)", Self.perAccount, .tooManyAttempts),
        ]
        let id = hexEncode(random.bytes(8))
        var counted: [String] = []
        // One after the other: each key has a slot of its own in a cluster.
        for (key, most, refusal) in limits {
            let wait = await count(key, id, most)
            guard wait == 0 else {
                withdraw(Attempt(id: id, keys: counted))
                throw AccountError(refusal, retryMilliseconds: wait)
            }
            counted.append(key)
        }
        return Attempt(id: id, keys: counted)
    }

    /// Takes an attempt out again: the password was right, or was not looked at.
    func withdraw(_ attempt: Attempt) {
        for key in attempt.keys {
            local.with { $0.withdraw(key, attempt.id) }
            // Lost, it counts for a minute more.
            if connection.isConnected { connection.send(RedisCommand("ZREM", key, attempt.id)) { _ in } }
        }
    }

    private func count(_ key: String, _ id: String, _ limit: Int) async -> Int64 {
        if let wait = await countInRedis(key, id, limit) { return wait }
        return local.with {
            $0.begin(
                key, id, limit: limit, window: Self.windowMilliseconds, now: monotonicNanoseconds() / 1_000_000)
        }
    }

    /// Nil when Redis cannot be asked; nobody waits for it to come back.
    private func countInRedis(_ key: String, _ id: String, _ limit: Int) async -> Int64? {
        guard connection.isConnected else { return nil }
        do throws(RedisError) {
            return try await connection.evaluate(
                Self.script, keys: [key], arguments: [id, String(limit), String(Self.windowMilliseconds)]
            ).integer
        } catch {
            return nil
        }
    }
}
