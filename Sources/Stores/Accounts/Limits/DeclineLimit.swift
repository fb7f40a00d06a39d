package import BoxOffice
import Cryptography
import Loops
package import RedisClient

/// Limits a user's declined cards, so that Usher cannot be used to test stolen cards. One instance per loop; the counts
/// are stored in Redis and shared by all replicas.
///
/// A user's first attempt on a loop does not call Redis unless the card is declined. An attempt that runs in parallel
/// with another attempt of the same user, or follows a decline, is counted before the provider is asked, and the count
/// is removed if the card is accepted: otherwise many parallel attempts would all start before the first decline. So
/// each additional loop lets at most one more card through. While Redis is unavailable nothing is counted, but nothing
/// can be charged either.
package final class DeclineLimit {
    /// An attempt to pay by card.
    package final class Attempt {
        fileprivate let user: UserID
        /// The member of the sorted set that counts the attempt; `nil` if the attempt is not counted.
        fileprivate let id: String?
        fileprivate var isDeclined = false

        fileprivate init(_ user: UserID, _ id: String?) {
            self.user = user
            self.id = id
        }
    }

    private let connection: RedisConnection
    private let limit: AttemptLimit?
    private let random = RandomSource()
    /// Running attempts per user.
    private var running: [UserID: Int] = [:]
    /// Users with a declined card on this loop, and the time of the last decline in monotonic nanoseconds.
    private var declined: [UserID: Int64] = [:]

    /// The most users in `declined`. Users whose window has passed are removed first.
    private static let maximumUsers = 10_000

    /// - Parameter limit: `nil` for no limit.
    package init(connection: RedisConnection, limit: AttemptLimit?) {
        self.connection = connection
        self.limit = limit
    }

    /// Begins an attempt. The caller must call `end`, whatever the outcome.
    ///
    /// - Throws: `AccountError` `.tooManyDeclines`.
    package func begin(_ user: UserID) async throws(AccountError) -> Attempt {
        let isFirst = running[user] == nil && !hasDeclined(user)
        running[user, default: 0] += 1
        guard let limit, !isFirst else { return Attempt(user, nil) }
        let id = hexEncode(random.bytes(8))
        let wait = await count(user, id, limit)
        guard wait == 0 else {
            leave(user)
            throw AccountError(.tooManyDeclines, retryMilliseconds: wait, limit: limit)
        }
        return Attempt(user, id)
    }

    /// Records that the card was declined.
    package func declined(_ attempt: Attempt) async {
        guard let limit else { return }
        attempt.isDeclined = true
        remember(attempt.user)
        if attempt.id == nil { _ = await count(attempt.user, hexEncode(random.bytes(8)), limit) }
    }

    /// Ends an attempt, and removes its count unless the card was declined.
    package func end(_ attempt: Attempt) {
        leave(attempt.user)
        guard let id = attempt.id, !attempt.isDeclined, connection.isConnected else { return }
        // If this command is lost, the attempt counts until its window has passed.
        connection.send(RedisCommand("ZREM", Self.key(attempt.user), id)) { _ in }
    }

    private func leave(_ user: UserID) {
        guard let count = running[user] else { return }
        running[user] = count > 1 ? count - 1 : nil
    }

    private func hasDeclined(_ user: UserID) -> Bool {
        guard let limit, let last = declined[user] else { return false }
        guard last + limit.seconds * 1_000_000_000 > monotonicNanoseconds() else {
            declined[user] = nil
            return false
        }
        return true
    }

    private func remember(_ user: UserID) {
        let now = monotonicNanoseconds()
        if declined.count >= Self.maximumUsers, let limit {
            declined = declined.filter { $0.value + limit.seconds * 1_000_000_000 > now }
            if declined.count >= Self.maximumUsers { declined.removeAll() }
        }
        declined[user] = now
    }

    private static func key(_ user: UserID) -> String { "usher:declines:\(user.text)" }

    /// - Returns: 0 if the attempt was counted or Redis is unavailable; otherwise the time to wait, in milliseconds.
    private func count(_ user: UserID, _ id: String, _ limit: AttemptLimit) async -> Int64 {
        guard connection.isConnected else { return 0 }
        do throws(RedisError) {
            return try await connection.call(
                LoginLimit.function, keys: [Self.key(user)],
                arguments: [id, String(limit.most), String(limit.seconds * 1000)]
            ).integer ?? 0
        } catch {
            return 0
        }
    }
}
