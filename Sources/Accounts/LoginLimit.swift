import Cryptography
import EventLoop
import LuaLibrary
import RedisClient

/// Bounds how fast passwords can be tried and accounts be made; one per loop, counted in Redis over all copies.
///
/// An attempt is counted before the password is looked at and taken out again when it was right: else a thousand at
/// once would all be let in before the first has failed.
///
/// Wrong passwords are counted by account and address together, so that who guesses from one address keeps nobody at
/// another from logging in. While Redis cannot be asked nobody is let in: letting everybody in would invite an attacker
/// to wait for such a moment, or to cause it.
final class LoginLimit {
    private let connection: RedisConnection
    private let limits: AccountLimits
    private let secret: [UInt8]
    private let random = RandomSource()

    static let function = Functions.shared.loginLimit

    /// An attempt that was let in.
    struct Attempt {
        fileprivate let id: String
        fileprivate let keys: [String]
    }

    private typealias Count = (key: String, limit: AttemptLimit, refusal: AccountError.Code)

    /// - Parameter secret: hides addresses of mail from whoever reads Redis's keys.
    init(connection: RedisConnection, limits: AccountLimits, secret: [UInt8]) {
        self.connection = connection
        self.limits = limits
        self.secret = secret
    }

    /// Counts an attempt at an account's password: a login, or what else asks for the password again.
    ///
    /// - Parameter address: where it comes from, as `HTTPRequest.subscriber` has it.
    /// - Throws: `.tooManyAttempts`, `.tooManyFromAddress`, `.limitUnknown`; then it was not counted.
    func begin(account: EmailAddress, address: String) async throws(AccountError) -> Attempt {
        let digest = hexEncode(hmacSHA256(key: secret, message: Array(account.normalised.utf8)))
        return try await begin([
            ("usher:login:address:\(address)", limits.loginsOfAddress, .tooManyFromAddress),
            ("usher:login:pair:\(digest):\(address)", limits.loginsOfAccountFromAddress, .tooManyAttempts),
            ("usher:login:account:\(digest)", limits.loginsOfAccount, .tooManyForAccount),
        ])
    }

    /// Counts a registration.
    ///
    /// - Throws: `.tooManyRegistrations`, `.limitUnknown`; then it was not counted.
    func beginRegistration(address: String) async throws(AccountError) -> Attempt {
        guard let limit = limits.registrations else { return Attempt(id: "", keys: []) }
        return try await begin([("usher:register:address:\(address)", limit, .tooManyRegistrations)])
    }

    /// Takes an attempt out again: the password was right, or was not looked at.
    func withdraw(_ attempt: Attempt) {
        // Lost, it counts until its window has passed.
        guard connection.isConnected else { return }
        for key in attempt.keys { connection.send(RedisCommand("ZREM", key, attempt.id)) { _ in } }
    }

    private func begin(_ counts: [Count]) async throws(AccountError) -> Attempt {
        let id = hexEncode(random.bytes(8))
        var counted: [String] = []
        // One after the other: each key has a slot of its own in a cluster.
        for (key, limit, refusal) in counts {
            let wait = await count(key, id, limit)
            guard wait == 0 else {
                withdraw(Attempt(id: id, keys: counted))
                guard let wait else { throw AccountError(.limitUnknown, retryMilliseconds: 1000) }
                throw AccountError(refusal, retryMilliseconds: wait, limit: limit)
            }
            counted.append(key)
        }
        return Attempt(id: id, keys: counted)
    }

    /// Nil when Redis cannot be asked; nobody waits for it to come back.
    private func count(_ key: String, _ id: String, _ limit: AttemptLimit) async -> Int64? {
        guard connection.isConnected else { return nil }
        do throws(RedisError) {
            return try await connection.call(
                Self.function, keys: [key], arguments: [id, String(limit.most), String(limit.seconds * 1000)]
            ).integer
        } catch {
            return nil
        }
    }
}
