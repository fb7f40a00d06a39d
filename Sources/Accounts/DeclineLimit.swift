public import Booking
import Cryptography
import EventLoop
public import RedisClient

/// Bounds how many cards a user may have declined, so that nobody finds out with us which stolen cards still work; one per
/// loop, counted in Redis over all copies.
///
/// Only a decline asks Redis. A loop that learns that a user has reached the limit remembers it, and refuses the user's
/// next payments by itself: a payment that is not declined costs nothing, and another loop lets one more card through
/// before it learns the same. While Redis cannot be asked nothing is counted: no card can be charged then either.
public final class DeclineLimit {
    private let connection: RedisConnection
    private let limit: AttemptLimit?
    private let random = RandomSource()
    /// Until when a user is refused, monotonic nanoseconds.
    private var refused: [UserID: Int64] = [:]

    /// Users that are remembered at a time; those whose time has passed are forgotten first.
    private static let maximumUsers = 10_000

    /// - Parameter limit: `nil` for any number of declined cards.
    public init(connection: RedisConnection, limit: AttemptLimit?) {
        self.connection = connection
        self.limit = limit
    }

    /// Refuses a user who has had too many cards declined.
    ///
    /// - Throws: `AccountError` `.tooManyDeclines`.
    public func check(_ user: UserID) throws(AccountError) {
        guard !refused.isEmpty, let until = refused[user] else { return }
        let now = monotonicNanoseconds()
        guard until > now else {
            refused[user] = nil
            return
        }
        throw AccountError(.tooManyDeclines, retryMilliseconds: (until - now) / 1_000_000 + 1, limit: limit)
    }

    /// Counts a card that was declined.
    public func declined(_ user: UserID) async {
        guard let limit, connection.isConnected else { return }
        do throws(RedisError) {
            // The script refuses what comes after the most: the last decline that may be is the first it refuses.
            let wait = try await connection.evaluate(
                LoginLimit.script, keys: ["usher:declines:\(user.text)"],
                arguments: [
                    hexEncode(random.bytes(8)), String(max(1, limit.most - 1)), String(limit.seconds * 1000),
                ]
            ).integer
            if let wait, wait > 0 { remember(user, monotonicNanoseconds() + wait * 1_000_000) }
        } catch {
            // The next decline counts.
        }
    }

    private func remember(_ user: UserID, _ until: Int64) {
        if refused.count >= Self.maximumUsers {
            let now = monotonicNanoseconds()
            refused = refused.filter { $0.value > now }
            if refused.count >= Self.maximumUsers { refused.removeAll() }
        }
        refused[user] = until
    }
}
