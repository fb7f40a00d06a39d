public import Booking
import Cryptography
import EventLoop
public import RedisClient

/// Bounds how many cards a user may have declined, so that nobody finds out with us which stolen cards still work; one per
/// loop, counted in Redis over all copies.
///
/// A user's first attempt on a loop asks Redis nothing unless it is declined. An attempt beside another of the same user, or
/// after one that was declined, is counted before the provider is asked and taken out again when the card was good: else
/// many at once would all be let in before the first is declined. So each further loop lets one more card through at most.
/// While Redis cannot be asked nothing is counted: nothing can be charged then either.
public final class DeclineLimit {
    /// An attempt to pay by card.
    public final class Attempt {
        fileprivate let user: UserID
        /// Under what it is counted; `nil` when it is not.
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
    /// Attempts under way.
    private var running: [UserID: Int] = [:]
    /// Users of whom a card was declined here, and when last, monotonic nanoseconds.
    private var declined: [UserID: Int64] = [:]

    /// Users that are remembered at a time; those whose time has passed are forgotten first.
    private static let maximumUsers = 10_000

    /// - Parameter limit: `nil` for any number of declined cards.
    public init(connection: RedisConnection, limit: AttemptLimit?) {
        self.connection = connection
        self.limit = limit
    }

    /// Begins an attempt; `end` follows whatever becomes of it.
    ///
    /// - Throws: `AccountError` `.tooManyDeclines`.
    public func begin(_ user: UserID) async throws(AccountError) -> Attempt {
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

    /// The card was declined.
    public func declined(_ attempt: Attempt) async {
        guard let limit else { return }
        attempt.isDeclined = true
        remember(attempt.user)
        if attempt.id == nil { _ = await count(attempt.user, hexEncode(random.bytes(8)), limit) }
    }

    /// The attempt is over.
    public func end(_ attempt: Attempt) {
        leave(attempt.user)
        guard let id = attempt.id, !attempt.isDeclined, connection.isConnected else { return }
        // Lost, it counts until its window has passed.
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

    /// - Returns: 0 when it was counted, or could not be; else the time to wait, milliseconds.
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
