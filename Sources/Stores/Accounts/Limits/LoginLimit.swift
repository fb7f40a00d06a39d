import Cryptography
import Loops
import LuaLibrary
import RedisClient

/// Limits the rate of password attempts and registrations. One instance per loop; the counts are stored in Redis and
/// shared by all replicas.
///
/// An attempt is counted before the password is checked, and the count is removed if the password is correct: otherwise
/// a thousand parallel attempts would all start before the first fails.
///
/// Wrong passwords are counted per account and address together, so that an attacker at one address does not block
/// logins from other addresses. While Redis is unavailable all attempts are refused: admitting them would invite an
/// attacker to wait for such an outage, or to cause it.
final class LoginLimit {
    private let connection: RedisConnection
    private let limits: AccountLimits
    private let secret: [UInt8]
    private let random = RandomSource()

    static let function = Functions.shared.loginLimit

    /// An admitted attempt.
    struct Attempt {
        fileprivate let id: String
        fileprivate let keys: [String]
    }

    private typealias Count = (key: String, limit: AttemptLimit, refusal: AccountError.Code)

    /// - Parameter secret: a key for hashing e-mail addresses, so that Redis's keys do not reveal them.
    init(connection: RedisConnection, limits: AccountLimits, secret: [UInt8]) {
        self.connection = connection
        self.limits = limits
        self.secret = secret
    }

    /// Counts an attempt at an account's password: a login, or another operation that requires the password.
    ///
    /// - Parameter address: the client's address, in the form of `HTTPRequest.subscriber`.
    /// - Throws: `.tooManyAttempts`, `.tooManyForAccount`, `.tooManyFromAddress`, `.limitUnknown`; the attempt is then
    ///   not counted.
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
    /// - Throws: `.tooManyRegistrations`, `.limitUnknown`; the registration is then not counted.
    func beginRegistration(address: String) async throws(AccountError) -> Attempt {
        guard let limit = limits.registrations else { return Attempt(id: "", keys: []) }
        return try await begin([("usher:register:address:\(address)", limit, .tooManyRegistrations)])
    }

    /// Removes the count of an attempt whose password was correct or was not checked.
    func withdraw(_ attempt: Attempt) {
        // If this command is lost, the attempt counts until its window has passed.
        guard connection.isConnected else { return }
        for key in attempt.keys { connection.send(RedisCommand("ZREM", key, attempt.id)) { _ in } }
    }

    private func begin(_ counts: [Count]) async throws(AccountError) -> Attempt {
        let id = hexEncode(random.bytes(8))
        var counted: [String] = []
        // One call per key: in a cluster each key has its own slot.
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

    /// - Returns: `nil` if Redis is unavailable; does not wait for a reconnection.
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
